/* SHA-256 (FIPS 180-4) of the input, in hexadecimal digits. The input is read piece by piece, however large it is. */
#include "ifab.h"

#define BLOCK_BYTES 64

static const uint32_t ROUND[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static uint32_t rotate(uint32_t word, int bits) { return word >> bits | word << (32 - bits); }

static void mix(uint32_t state[8], const uint8_t block[BLOCK_BYTES]) {
  uint32_t words[64], at[8];
  for (int i = 0; i < 16; i++)
    words[i] = (uint32_t)block[i * 4] << 24 | block[i * 4 + 1] << 16 | block[i * 4 + 2] << 8 | block[i * 4 + 3];
  for (int i = 16; i < 64; i++) {
    uint32_t low = words[i - 15], high = words[i - 2];
    words[i] = words[i - 16] + (rotate(low, 7) ^ rotate(low, 18) ^ low >> 3) + words[i - 7] +
               (rotate(high, 17) ^ rotate(high, 19) ^ high >> 10);
  }
  for (int i = 0; i < 8; i++) at[i] = state[i];
  for (int i = 0; i < 64; i++) {
    uint32_t first = at[7] + (rotate(at[4], 6) ^ rotate(at[4], 11) ^ rotate(at[4], 25)) +
                     ((at[4] & at[5]) ^ (~at[4] & at[6])) + ROUND[i] + words[i];
    uint32_t second = (rotate(at[0], 2) ^ rotate(at[0], 13) ^ rotate(at[0], 22)) +
                      ((at[0] & at[1]) ^ (at[0] & at[2]) ^ (at[1] & at[2]));
    for (int j = 7; j > 0; j--) at[j] = at[j - 1];
    at[4] += first;
    at[0] = first + second;
  }
  for (int i = 0; i < 8; i++) state[i] += at[i];
}

/* The last block, or two: a one, zeros, and the number of bits. */
static void finish(uint32_t state[8], uint8_t block[BLOCK_BYTES], size_t used, uint64_t total) {
  block[used++] = 0x80;
  if (used > BLOCK_BYTES - 8) {
    while (used < BLOCK_BYTES) block[used++] = 0;
    mix(state, block);
    used = 0;
  }
  while (used < BLOCK_BYTES - 8) block[used++] = 0;
  for (int i = 0; i < 8; i++) block[used++] = (uint8_t)(total * 8 >> (56 - i * 8));
  mix(state, block);
}

IFAB_RUN {
  static const char message[] = "hashing";
  static const char digits[] = "0123456789abcdef";
  uint32_t state[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  uint8_t block[BLOCK_BYTES];
  size_t used, offset = 0;
  ifab_log(IFAB_INFO, message, sizeof message - 1);
  while ((used = ifab_read_input(block, offset, BLOCK_BYTES)) == BLOCK_BYTES) {
    mix(state, block);
    offset += used;
  }
  finish(state, block, used, offset + used);
  char text[64];
  for (int i = 0; i < 64; i++) text[i] = digits[state[i / 8] >> (28 - i % 8 * 4) & 15];
  return ifab_write_output(text, sizeof text);
}
