/* The product of two matrices of 128 x 128 doubles, by its definition. */
enum { N = 128 };
static double a[N][N], b[N][N], c[N][N];

__attribute__((export_name("run"))) int run(void) {
  for (int i = 0; i < N; i++)
    for (int j = 0; j < N; j++) a[i][j] = i + j, b[i][j] = i - j;
  for (int i = 0; i < N; i++)
    for (int j = 0; j < N; j++) {
      double sum = 0;
      for (int k = 0; k < N; k++) sum += a[i][k] * b[k][j];
      c[i][j] = sum;
    }
  return (int)c[N - 1][1];
}
