/* test_script_table12.c: hf_table12 against RFC 5246 section 7.3, written down here a second time
 * as the figure that stands there. Every legal handshake and every sequence one edit away from one
 * (a message dropped, doubled, swapped with its neighbour, put in) is judged by the table, as
 * client and as server, and by the figure: they must say the same. */
#include "handshake/script.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { CL = HF_BY_CLIENT, SE = HF_BY_SERVER };

typedef struct token {
    uint8_t by, type;
} token;

#define LONGEST 24U
typedef struct sequence {
    token at[LONGEST];
    size_t n;
} sequence;

/* Figure 1 of section 7.3, with ServerKeyExchange wherever there is ECDHE; '*' is in `when`. */
enum {
    ALWAYS = 0,
    STATUS = 1,
    REQUEST = 2,
    CERTIFICATE = 4,
    TICKET = 8,
    RESUMED = 16,
    TRANSPORT = 32, /* the client encrypts the secret to the server's key */
    ALL_KINDS = 64
};
typedef struct line {
    token t;
    unsigned when, unless;
} line;
static const line figure[] = {
    {{CL, HF_MSG_CLIENT_HELLO}, ALWAYS, 0},
    {{SE, HF_MSG_SERVER_HELLO}, ALWAYS, 0},
    {{SE, HF_MSG_CERTIFICATE}, ALWAYS, 0},
    {{SE, HF_MSG_CERTIFICATE_STATUS}, STATUS, 0},
    {{SE, HF_MSG_SERVER_KEY_EXCHANGE}, ALWAYS, TRANSPORT},
    {{SE, HF_MSG_CERTIFICATE_REQUEST}, REQUEST, 0},
    {{SE, HF_MSG_SERVER_HELLO_DONE}, ALWAYS, 0},
    {{CL, HF_MSG_CERTIFICATE}, REQUEST, 0},
    {{CL, HF_MSG_CLIENT_KEY_EXCHANGE}, ALWAYS, 0},
    {{CL, HF_MSG_CERTIFICATE_VERIFY}, REQUEST | CERTIFICATE, 0},
    {{CL, HF_MSG_CHANGE_CIPHER_SPEC}, ALWAYS, 0},
    {{CL, HF_MSG_FINISHED}, ALWAYS, 0},
    {{SE, HF_MSG_NEW_SESSION_TICKET}, TICKET, 0}, /* RFC 5077, figure 1 */
    {{SE, HF_MSG_CHANGE_CIPHER_SPEC}, ALWAYS, 0},
    {{SE, HF_MSG_FINISHED}, ALWAYS, 0},
};

/* Figure 2 of section 7.3; figure 3 of RFC 5077. */
static const line figure_resumed[] = {
    {{CL, HF_MSG_CLIENT_HELLO}, ALWAYS, 0},       {{SE, HF_MSG_SERVER_HELLO}, ALWAYS, 0},
    {{SE, HF_MSG_NEW_SESSION_TICKET}, TICKET, 0}, {{SE, HF_MSG_CHANGE_CIPHER_SPEC}, ALWAYS, 0},
    {{SE, HF_MSG_FINISHED}, ALWAYS, 0},           {{CL, HF_MSG_CHANGE_CIPHER_SPEC}, ALWAYS, 0},
    {{CL, HF_MSG_FINISHED}, ALWAYS, 0},
};

static sequence legal(unsigned kind)
{
    sequence q = {.n = 0};
    bool resumed = (kind & RESUMED) != 0;
    const line *lines = resumed ? figure_resumed : figure;
    size_t count = resumed ? sizeof(figure_resumed) / sizeof(figure_resumed[0])
                           : sizeof(figure) / sizeof(figure[0]);
    for (size_t i = 0; i < count; i++)
        if ((lines[i].when & ~kind) == 0 && (lines[i].unless & kind) == 0)
            q.at[q.n++] = lines[i].t;
    return q;
}

/* What a message says inside decides what may follow; an order alone does not show it. The server
 * may leave CertificateStatus out though it was promised (RFC 6066 section 8), and a request is
 * known by its being there. */
static bool same(const sequence *a, const sequence *b)
{
    return a->n == b->n && memcmp(a->at, b->at, a->n * sizeof(token)) == 0;
}

static bool is_legal(const sequence *q, unsigned kind)
{
    for (unsigned left = 0; left < ALL_KINDS; left++) {
        unsigned k = kind & ~(left & (STATUS | REQUEST));
        sequence l = legal(k);
        if (same(q, &l))
            return true;
        if ((kind & REQUEST) == 0) { /* a request that was put in makes it another kind */
            l = legal(k | REQUEST);
            if (same(q, &l))
                return true;
        }
    }
    return false;
}

/* ---- the table, as one of the two sides walks it ---- */

typedef struct walk {
    unsigned own, facts;
    size_t row;
} walk;

static void learn(walk *w, const hf_row *row, unsigned kind)
{
    w->facts |= row->learns;
    if (row->message == HF_MSG_SERVER_HELLO && (kind & STATUS) != 0)
        w->facts |= HF_F_STATUS;
    if (row->message == HF_MSG_SERVER_HELLO && (kind & TICKET) != 0)
        w->facts |= HF_F_TICKET;
    if (row->message == HF_MSG_SERVER_HELLO && (kind & RESUMED) != 0)
        w->facts |= HF_F_RESUMED;
    if (row->message == HF_MSG_SERVER_HELLO && (kind & TRANSPORT) != 0)
        w->facts |= HF_F_TRANSPORT;
    if (row->message == HF_MSG_CERTIFICATE && row->by == CL && (kind & CERTIFICATE) != 0)
        w->facts |= HF_F_CLIENT_CERT;
}

/* Past local work, and past what this side may leave out unless it is `type`. */
static bool reach(walk *w, uint8_t type)
{
    for (; w->row < hf_table12_rows; w->row++) {
        const hf_row *row = &hf_table12[w->row];
        if (!hf_row_applies(row, w->facts) || row->message == HF_MSG_NONE)
            continue;
        if (row->by != w->own || row->message == type)
            return true;
        if ((row->how & HF_MAY) == 0)
            return false;
    }
    return true;
}

static bool takes(walk *w, unsigned kind, token t)
{
    if (!reach(w, t.by == w->own ? t.type : HF_MSG_NONE))
        return false;
    if (t.by != w->own)
        w->row =
            hf_script_find(hf_table12, hf_table12_rows, w->row, w->facts, t.by, t.type, NULL, 0);
    if (w->row == hf_table12_rows || hf_table12[w->row].by != t.by ||
        hf_table12[w->row].message != t.type)
        return false;
    learn(w, &hf_table12[w->row], kind);
    w->row++;
    return true;
}

static bool table_accepts(const sequence *q, unsigned kind, unsigned own)
{
    walk w = {.own = own};
    for (size_t i = 0; i < q->n; i++)
        if (!takes(&w, kind, q->at[i]))
            return false;
    for (; w.row < hf_table12_rows; w.row++)
        if (hf_row_applies(&hf_table12[w.row], w.facts) && hf_table12[w.row].message != HF_MSG_NONE)
            return false;
    return true;
}

static size_t judged;

static void compare(const sequence *q, unsigned kind)
{
    bool wanted = is_legal(q, kind);
    for (unsigned own = CL; own <= SE; own++) {
        judged++;
        if (table_accepts(q, kind, own) != wanted) {
            for (size_t i = 0; i < q->n; i++)
                print_error("%s %u, ", q->at[i].by == CL ? "C" : "S", q->at[i].type);
            fail_msg("as %s, kind %u: should be %s", own == CL ? "client" : "server", kind,
                     wanted ? "accepted" : "refused");
        }
    }
}

static void every_legal_handshake_is_accepted_by_both_sides(void **state)
{
    (void)state;
    for (unsigned kind = 0; kind < ALL_KINDS; kind++) {
        sequence q = legal(kind);
        assert_true(is_legal(&q, kind));
        compare(&q, kind);
    }
}

static sequence without(const sequence *q, size_t at)
{
    sequence r = *q;
    memmove(&r.at[at], &r.at[at + 1], (--r.n - at) * sizeof(token));
    return r;
}

static sequence with(const sequence *q, size_t at, token t)
{
    sequence r = *q;
    memmove(&r.at[at + 1], &r.at[at], (r.n++ - at) * sizeof(token));
    r.at[at] = t;
    return r;
}

static void every_sequence_one_edit_away_is_judged_right(void **state)
{
    (void)state;
    judged = 0;
    for (unsigned kind = 0; kind < ALL_KINDS; kind++) {
        sequence q = legal(kind);
        for (size_t i = 0; i < q.n; i++) {
            sequence r = without(&q, i);
            compare(&r, kind);
            r = with(&q, i, q.at[i]);
            compare(&r, kind);
            for (size_t j = i + 1; j < q.n; j++) {
                r = q;
                r.at[i] = q.at[j];
                r.at[j] = q.at[i];
                compare(&r, kind);
            }
            for (size_t f = 0; f < sizeof(figure) / sizeof(figure[0]); f++) {
                r = with(&q, i, figure[f].t);
                compare(&r, kind);
            }
        }
    }
    print_message("%zu sequences judged\n", judged);
    assert_true(judged > 20000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_legal_handshake_is_accepted_by_both_sides),
        cmocka_unit_test(every_sequence_one_edit_away_is_judged_right),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
