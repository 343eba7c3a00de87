/* tamper.c: a deliberately wrong peer. */
#include "support/tamper.h"

#include "base/bytes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define MAX_ROWS 64U

typedef struct lie {
    hf_row row; /* as it was */
    tamper_change change;
    void *ctx;
    hf_bytes inserted;
} lie;

static hf_row rows[MAX_ROWS];
static size_t row_count;
static hf_conn *liar_now;
static unsigned own;
static lie changed, inserted;
static unsigned alerts_sent, records_after_alert;

static void watch(void *ctx, const hf_conn *conn, const hf_event *e)
{
    (void)ctx;
    (void)conn;
    if (e->kind == HF_TRACE_ALERT && e->sent)
        alerts_sent++;
    else if (e->kind == HF_TRACE_RECORD && e->sent && alerts_sent != 0)
        records_after_alert++;
}

const hf_trace tamper_watch = {watch, NULL, false};

void tamper_start(hf_conn *liar)
{
    memcpy(rows, hf_table13, hf_table13_rows * sizeof(rows[0]));
    row_count = hf_table13_rows;
    own = hf_conn_is_client(liar) ? HF_BY_CLIENT : HF_BY_SERVER;
    liar_now = liar;
    liar->hs->table = rows;
    liar->hs->row_count = row_count;
    alerts_sent = records_after_alert = 0;
}

size_t tamper_row(uint8_t message, unsigned nth)
{
    for (size_t i = 0; i < row_count; i++)
        if (rows[i].message == message && rows[i].by == own && nth-- == 0)
            return i;
    fail_msg("no such row");
    return 0;
}

static hf_status build_changed(hf_handshake *hs, hf_writer *w)
{
    hf_buf body = {0};
    hf_writer inner;
    hf_writer_init_buf(&inner, &body);
    hf_status s = changed.row.build(hs, &inner);
    if (s == HF_OK) {
        changed.change(&body, changed.ctx);
        hf_write_bytes(w, hf_buf_bytes(&body));
    }
    hf_buf_free(&body);
    return s;
}

void tamper_message(uint8_t message, unsigned nth, tamper_change change, void *ctx)
{
    size_t at = tamper_row(message, nth);
    changed = (lie){rows[at], change, ctx, {NULL, 0}};
    rows[at].build = build_changed;
}

/* The liar holds the table's address and its length: the length is told anew. */
static void set_count(size_t n)
{
    row_count = n;
    liar_now->hs->row_count = n;
}

void tamper_drop(size_t row)
{
    memmove(&rows[row], &rows[row + 1], (row_count - row - 1) * sizeof(rows[0]));
    set_count(row_count - 1);
}

void tamper_double(size_t row)
{
    memmove(&rows[row + 1], &rows[row], (row_count - row) * sizeof(rows[0]));
    set_count(row_count + 1);
    rows[row].after = NULL;
}

void tamper_swap(size_t row, size_t other)
{
    hf_row kept = rows[row];
    rows[row] = rows[other];
    rows[other] = kept;
}

static hf_status build_inserted(hf_handshake *hs, hf_writer *w)
{
    (void)hs;
    hf_write_bytes(w, inserted.inserted);
    return HF_OK;
}

void tamper_insert(size_t row, uint8_t type, hf_bytes body)
{
    memmove(&rows[row + 1], &rows[row], (row_count - row) * sizeof(rows[0]));
    set_count(row_count + 1);
    inserted.inserted = body;
    rows[row] =
        (hf_row){.message = type, .by = (uint8_t)own, .build = build_inserted, .section = ""};
}

void tamper_expect(pair *p, hf_conn *victim, hf_status code)
{
    hf_conn *liar = victim == p->client ? p->server : p->client;
    hf_error e, heard;
    char text[1024];
    pair_run(p);
    hf_conn_error(victim, &e);
    hf_conn_error(liar, &heard);
    hf_error_format(&e, text, sizeof(text));
    if (code != HF_OK && e.code != code)
        fail_msg("expected %s, got %s: %s", hf_error_name(code), hf_error_name(e.code), text);
    if (e.code == HF_OK)
        fail_msg("nothing was noticed");
    if (e.code == HF_E_ALERT_RECEIVED || e.code == HF_E_INTERNAL)
        fail_msg("the wrong side failed: %s", text);
    assert_true(e.alert_sent);
    assert_int_equal(e.alert, hf_error_alert(e.code));
    assert_int_equal(alerts_sent, 1);
    assert_int_equal(records_after_alert, 0);
    if (heard.code == HF_E_ALERT_RECEIVED)
        assert_int_equal(heard.alert, e.alert);
    assert_true(e.message != NULL || e.field != NULL);
    assert_true(e.got[0] != '\0' || e.expected[0] != '\0');
    assert_int_equal(hf_step(victim), e.code); /* and it stays so */
    assert_int_equal(alerts_sent, 1);
}
