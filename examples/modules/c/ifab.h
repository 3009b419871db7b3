/* Host functions of the profile "core". Pointers and lengths count bytes of the module's own memory. */
#ifndef IFAB_H
#define IFAB_H

#include <stddef.h>
#include <stdint.h>

#define IFAB_IMPORT(name) __attribute__((import_module("ifab"), import_name(#name)))
/* The function that the sandbox calls: 0 says that it has completed, any other number that it has failed. */
#define IFAB_RUN __attribute__((export_name("run"))) int32_t run(void)

enum { IFAB_ERROR = 0, IFAB_WARN = 1, IFAB_INFO = 2, IFAB_DEBUG = 3 };

/* One line of the log. */
IFAB_IMPORT(log) void ifab_log(int32_t level, const void *text, size_t length);

/* The input, from an offset on: how many bytes were read, 0 at its end. */
IFAB_IMPORT(input_length) size_t ifab_input_length(void);
IFAB_IMPORT(read_input) size_t ifab_read_input(void *target, size_t offset, size_t length);

/* Adds to the output. 0, or -1 when it was not taken. */
IFAB_IMPORT(write_output) int32_t ifab_write_output(const void *bytes, size_t length);

/* Sends a request in JSON and waits: 0 when there is an answer to read, in JSON too. */
IFAB_IMPORT(http_request) int32_t ifab_http_request(const void *request, size_t length);
IFAB_IMPORT(response_length) size_t ifab_response_length(void);
IFAB_IMPORT(read_response) size_t ifab_read_response(void *target, size_t offset, size_t length);

/* Milliseconds since 1970. */
IFAB_IMPORT(clock_ms) int64_t ifab_clock_ms(void);
/* The same bytes in each call with the same seed. */
IFAB_IMPORT(random) void ifab_random(void *target, size_t length);

#endif
