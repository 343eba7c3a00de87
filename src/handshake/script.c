/* script.c: the driver that walks a table. It does once what every message needs. */
#include "handshake/handshake.h"
#include "handshake/trace.h"

#include "base/bytes.h"
#include "base/error.h"

#include <stdio.h>

bool hf_row_applies(const hf_row *row, unsigned facts)
{
    return (row->needs & ~facts) == 0 && (row->unless & facts) == 0;
}

static unsigned own_part(const hf_handshake *hs)
{
    return hs->cfg->role == HF_CLIENT ? HF_BY_CLIENT : HF_BY_SERVER;
}

uint8_t hf_message_type(hf_bytes message)
{
    const size_t random_at = 4 + 2;
    if (message.p[0] == HF_MSG_SERVER_HELLO && message.n >= random_at + HF_RANDOM_LEN &&
        memcmp(message.p + random_at, hf_hello_retry_random, HF_RANDOM_LEN) == 0)
        return HF_MSG_HELLO_RETRY_REQUEST;
    return message.p[0];
}

/* ---- sending ---- */

static const char *name_of(uint8_t type)
{
    const char *name = hf_message_name(type);
    return name != NULL ? name : "an unknown message";
}

/* TLS 1.2's ChangeCipherSpec: a record of its own, and not in the transcript. */
static hf_status send_ccs(hf_handshake *hs, const hf_row *row)
{
    static const uint8_t one = 1;
    hf_status s = hf_hs_flush(hs);
    if (s != HF_OK)
        return s;
    s = hf_channel_send(&hs->conn->channel, HF_CONTENT_CHANGE_CIPHER_SPEC, (hf_bytes){&one, 1});
    if (s != HF_OK)
        return hf_hs_fail(hs, s, NULL, NULL, NULL);
    hf_trace_ccs(hs->conn, true, (hf_bytes){&one, 1});
    return row->after(hs);
}

static hf_status send_message(hf_handshake *hs, const hf_row *row)
{
    hf_writer w;
    hf_channel *ch = &hs->conn->channel;
    const size_t start = hf_channel_built(ch).n;
    hf_status s = hf_channel_build(ch, &w);
    if (s != HF_OK)
        return hf_hs_fail(hs, s, name_of(row->message), NULL, NULL);
    hf_write_u8(&w,
                row->message == HF_MSG_HELLO_RETRY_REQUEST ? HF_MSG_SERVER_HELLO : row->message);
    size_t length = hf_write_open(&w, 3);
    s = row->build(hs, &w);
    if (s == HF_SKIP) {
        hf_channel_unbuild(ch, start);
        s = hf_writer_status(&w);
        return s == HF_OK ? HF_OK : hf_hs_fail(hs, s, name_of(row->message), NULL, NULL);
    }
    if (s != HF_OK)
        return s;
    hf_write_close(&w, length, 3);
    s = hf_writer_status(&w);
    if (s != HF_OK)
        return hf_hs_fail(hs, s, name_of(row->message), NULL, NULL);
    const hf_bytes message = hf_bytes_after(hf_channel_built(ch), start);
    s = hf_transcript_add(&hs->transcript, message);
    if (s != HF_OK)
        return hf_hs_fail(hs, s, NULL, NULL, NULL);
    hf_trace_message_sent(hs->conn, row->message, message);
    hs->facts |= row->learns;
    if ((row->how & HF_ALIGN) != 0)
        s = hf_hs_flush(hs);
    if (s == HF_OK && row->after != NULL)
        s = row->after(hs);
    return s;
}

/* ---- local work ---- */

void hf_hs_job(hf_handshake *hs, hf_job_kind kind, const char *name, void (*run)(hf_job *job))
{
    hs->job.kind = kind;
    hs->job.name = name;
    hs->job.run = run;
    hs->job.status = HF_OK;
}

static hf_status start_work(hf_handshake *hs, const hf_row *row)
{
    hs->working = true;
    hs->job.run = NULL;
    hf_status s = row->work != NULL ? row->work(hs) : HF_OK;
    if (s != HF_OK || hs->job.run == NULL)
        return s;
    hs->job.notify = hs->conn->notify;
    hs->job.notify_ctx = hs->conn->notify_ctx;
    hf_trace_job(hs->conn, hs->job.kind, hs->job.name, false, HF_OK);
    const hf_executor own = hs->executor;
    hs->executor.submit = NULL;
    hf_job_submit(&hs->job, own.submit != NULL ? &own : &hs->cfg->executor);
    return HF_OK;
}

/* Starts the row's work, or takes its result; *waiting says that the job is still out. */
static hf_status do_work_once(hf_handshake *hs, const hf_row *row, bool *waiting)
{
    *waiting = false;
    if (!hs->working) {
        hf_status s = start_work(hs, row);
        if (s != HF_OK)
            return s;
    }
    if (hs->job.run != NULL) {
        *waiting = !hf_job_is_finished(&hs->job);
        if (*waiting)
            return HF_OK;
        atomic_store(&hs->job.state, HF_JOB_IDLE);
        hf_trace_job(hs->conn, hs->job.kind, hs->job.name, true, hs->job.status);
    }
    hs->working = false;
    if (row->after != NULL)
        return row->after(hs);
    return hs->job.run != NULL ? hs->job.status : HF_OK; /* the job itself filled hs->error */
}

static hf_status do_work(hf_handshake *hs, const hf_row *row, bool *waiting)
{
    hf_status s;
    do
        s = do_work_once(hs, row, waiting);
    while (s == HF_AGAIN);
    return s;
}

hf_status hf_script_run(hf_handshake *hs, hf_script_want *want)
{
    for (; hs->row < hs->row_count; hs->row++) {
        const hf_row *row = &hs->table[hs->row];
        hf_status s = HF_OK;
        bool waiting = false;
        if (!hf_row_applies(row, hs->facts))
            continue;
        if (row->message == HF_MSG_NONE) {
            if ((row->by & own_part(hs)) != 0)
                s = do_work(hs, row, &waiting);
        } else if (row->by == own_part(hs)) {
            s = row->message == HF_MSG_CHANGE_CIPHER_SPEC ? send_ccs(hs, row)
                                                          : send_message(hs, row);
        } else {
            *want = HF_SCRIPT_MESSAGE;
            return hf_hs_flush(hs);
        }
        if (s != HF_OK)
            return s;
        if (waiting || hs->forget) {
            *want = waiting ? HF_SCRIPT_JOB : HF_SCRIPT_FORGET;
            return hf_hs_flush(hs);
        }
    }
    *want = HF_SCRIPT_DONE;
    return HF_OK;
}

/* ---- receiving ---- */

static void add_expected(char *text, size_t size, const char *name)
{
    size_t n = strlen(text);
    snprintf(text + n, size - n, "%s%s", n == 0 ? "" : " or ", name);
}

size_t hf_script_find(const hf_row *table, size_t row_count, size_t at, unsigned facts,
                      unsigned peer, uint8_t type, char *expected, size_t size)
{
    if (expected != NULL)
        expected[0] = '\0';
    for (; at < row_count; at++) {
        const hf_row *row = &table[at];
        if (!hf_row_applies(row, facts) || (row->message == HF_MSG_NONE && (row->by & ~peer) == 0))
            continue;
        if (row->message == HF_MSG_NONE || row->by != peer)
            break;
        if (row->message == type)
            return at;
        if (expected != NULL)
            add_expected(expected, size, name_of(row->message));
        if ((row->how & HF_MAY) == 0)
            break;
    }
    return row_count;
}

static hf_status unexpected(hf_handshake *hs, uint8_t type, const char *expected)
{
    hf_hs_fail(hs, HF_E_UNEXPECTED_MESSAGE, "msg_type",
               expected[0] != '\0' ? expected : "no message at this point", "%s (%u)",
               name_of(type), type);
    return HF_E_UNEXPECTED_MESSAGE;
}

hf_status hf_script_receive(hf_handshake *hs, hf_bytes message, bool ends_record)
{
    char expected[HF_ERROR_TEXT];
    uint8_t type = hf_message_type(message);
    unsigned peer = HF_BY_BOTH & ~own_part(hs);
    const hf_row *table = hs->table;
    hf_status s = hf_hs_keep(hs, &message); /* handlers and jobs borrow from it until the end */
    if (s != HF_OK)
        return s;
    size_t at = hf_script_find(hs->table, hs->row_count, hs->row, hs->facts, peer, type, expected,
                               sizeof(expected));
    hf_message_tracer tracer;
    const hf_field_sink *sink = hf_trace_message_begin(&tracer, hs->conn, false, type, message);
    hf_reader r;
    hf_reader_init(&r, message, sink);
    hf_read_u8(&r, "msg_type");
    hf_read_u24(&r, "length");
    if (at == hs->row_count)
        s = unexpected(hs, type, expected);
    else
        s = hs->table[at].judge(hs, &r);
    if (s == HF_OK && hs->table != table) /* the version is settled: hf_script_speak_12 */
        at = hs->row;
    if (s == HF_OK && (hs->table[at].how & HF_ALIGN) != 0 && !ends_record)
        s = hf_hs_fail(hs, HF_E_NOT_ALIGNED, "length", "the end of the record after this message",
                       "more bytes");
    hf_trace_message_end(&tracer);
    if (s != HF_OK) {
        hs->error.message = hf_message_name(type);
        return s;
    }
    s = hf_transcript_add(&hs->transcript, message);
    if (s != HF_OK)
        return hf_hs_fail(hs, s, NULL, NULL, NULL);
    hs->facts |= hs->table[at].learns;
    hs->row = at + 1;
    return hs->table[at].after != NULL ? hs->table[at].after(hs) : HF_OK;
}

hf_status hf_script_receive_ccs(hf_handshake *hs)
{
    char expected[HF_ERROR_TEXT];
    unsigned peer = HF_BY_BOTH & ~own_part(hs);
    size_t at = hf_script_find(hs->table, hs->row_count, hs->row, hs->facts, peer,
                               HF_MSG_CHANGE_CIPHER_SPEC, expected, sizeof(expected));
    if (at == hs->row_count)
        return unexpected(hs, HF_MSG_CHANGE_CIPHER_SPEC, expected);
    hs->row = at + 1;
    return hs->table[at].after(hs);
}

void hf_script_speak_12(hf_handshake *hs, uint8_t message)
{
    hs->table = hf_table12;
    hs->speaks_12 = true;
    hs->row_count = hf_table12_rows;
    for (hs->row = 0; hf_table12[hs->row].message != message;)
        hs->row++;
}
