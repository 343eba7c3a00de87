/* tamper.h: a deliberately wrong peer. The handshake is a table, so a lie is another table: one
 * side of a pair gets a copy of hf_table13 in which rows are dropped, doubled, swapped or build
 * something else. What it sends goes out under the right keys. */
#ifndef HF_TESTS_TAMPER_H
#define HF_TESTS_TAMPER_H

#include "handshake/handshake.h"
#include "support/pair.h"

/* Changes the body of a message (without its four-byte header) before it is sent. */
typedef void (*tamper_change)(hf_buf *body, void *ctx);

/* Gives `liar` a table of its own to lie with. One liar at a time. */
void tamper_start(hf_conn *liar);

/* The row of the liar's `nth` message of this type (0 is the first); fails the test if none. */
size_t tamper_row(uint8_t message, unsigned nth);

void tamper_message(uint8_t message, unsigned nth, tamper_change change, void *ctx);
void tamper_drop(size_t row);
void tamper_double(size_t row);
void tamper_swap(size_t row, size_t other);
/* Sends `body` as a message of `type` before the row's. */
void tamper_insert(size_t row, uint8_t type, hf_bytes body);

/* Runs the pair and checks the victim's end: it failed with `code`; sent exactly one alert, the one
 * that belongs to the code, as its last record; the liar received that alert (if it still could
 * read); and the error says where and why. `code` HF_OK accepts any failure of form or order. */
void tamper_expect(pair *p, hf_conn *victim, hf_status code);

/* Counts the alerts that a connection sends: give it to hf_config_trace. */
extern const hf_trace tamper_watch;

#endif
