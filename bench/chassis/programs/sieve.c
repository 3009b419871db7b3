/* The primes below a million, counted by the sieve of Eratosthenes. */
enum { N = 1000000 };
static unsigned char composite[N];

__attribute__((export_name("run"))) int run(void) {
  int count = 0;
  for (int i = 0; i < N; i++) composite[i] = 0;
  for (int i = 2; i < N; i++) {
    if (composite[i]) continue;
    count++;
    for (int j = i * 2; j < N; j += i) composite[j] = 1;
  }
  return count;
}
