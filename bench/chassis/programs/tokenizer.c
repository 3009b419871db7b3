/* Splits 256 KiB of text that looks like a program into words, numbers, strings, spaces and signs. */
enum { N = 262144 };
static char text[N];
static const char SAMPLE[] = "while (count < 4096) { total += price[count] * 1.19; print(\"item \", name[count]); count = count + 1; }\n";

static int is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
static int is_digit(char c) { return c >= '0' && c <= '9'; }

__attribute__((export_name("run"))) int run(void) {
  for (int i = 0; i < N; i++) text[i] = SAMPLE[i % (sizeof SAMPLE - 1)];
  int tokens = 0;
  unsigned hash = 0;
  for (int at = 0; at < N;) {
    char first = text[at];
    int from = at;
    switch (first) {
      case ' ':
      case '\n':
        while (at < N && (text[at] == ' ' || text[at] == '\n')) at++;
        continue;
      case '"':
        at++;
        while (at < N && text[at] != '"') at++;
        at++;
        break;
      default:
        if (is_letter(first)) {
          while (at < N && (is_letter(text[at]) || is_digit(text[at]))) at++;
        } else if (is_digit(first)) {
          while (at < N && (is_digit(text[at]) || text[at] == '.')) at++;
        } else {
          at++;
        }
    }
    for (int i = from; i < at && i < N; i++) hash = hash * 31 + (unsigned char)text[i];
    tokens++;
  }
  return (int)(hash ^ (unsigned)tokens);
}
