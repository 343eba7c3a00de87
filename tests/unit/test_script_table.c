/* test_script_table.c: hf_table13 against RFC 9846 Appendix A, written down here a second time as
 * the two state machines that stand there. Every legal handshake, and every sequence one edit away
 * from one (a message dropped, doubled, swapped with another, put in), is judged by the table, as
 * client and as server, and by the machine: they must say the same, at the same message. */
#include "handshake/script.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* A message and who sends it. */
typedef struct token {
    uint8_t by, type;
} token;

#define LONGEST 24U
typedef struct sequence {
    token at[LONGEST];
    size_t n;
} sequence;

/* What messages say inside, which an order alone does not show. */
typedef struct contents {
    bool psk;         /* ServerHello accepts one */
    bool early;       /* EncryptedExtensions accepts early data */
    bool certificate; /* the client's Certificate is not empty */
    bool compress;    /* each side offers to expand the other's certificate: RFC 8879 */
} contents;

/* Every combination, as bits. */
#define ALL_CONTENTS 16

static contents contents_of(int bits)
{
    return (contents){bits & 1, bits & 2, bits & 4, bits & 8};
}

enum { CL = HF_BY_CLIENT, SE = HF_BY_SERVER };

/* ---- Appendix A.1 and A.2, both at once ---- */

typedef enum place {
    START,         /* ClientHello comes next */
    WAIT_SH,       /* the server answers: HelloRetryRequest or ServerHello */
    RETRY,         /* the second ClientHello comes next */
    WAIT_SH_AGAIN, /* only ServerHello now: a second retry is an error */
    WAIT_EE,
    WAIT_CERT_CR,
    WAIT_CERT,
    WAIT_CV,
    WAIT_FINISHED,
    WAIT_EOED,
    WAIT_CLIENT_CERT,
    WAIT_CLIENT_CV,
    WAIT_CLIENT_FINISHED,
    CONNECTED,
    WRONG,
} place;

typedef struct machine {
    place state;
    bool retried, requested;
} machine;

/* RFC 8879 section 4: CompressedCertificate takes the place of Certificate. */
static bool shows_certificate(const contents *c, token t)
{
    return t.type == HF_MSG_CERTIFICATE || (c->compress && t.type == HF_MSG_COMPRESSED_CERTIFICATE);
}

static place after_server_finished(const machine *m, const contents *c)
{
    if (c->psk && c->early && !m->retried)
        return WAIT_EOED;
    return m->requested ? WAIT_CLIENT_CERT : WAIT_CLIENT_FINISHED;
}

static void machine_take(machine *m, const contents *c, token t)
{
    place next = WRONG;
    bool s = t.by == SE;
    switch (m->state) {
    case START:
        if (!s && t.type == HF_MSG_CLIENT_HELLO)
            next = WAIT_SH;
        break;
    case WAIT_SH:
        if (s && t.type == HF_MSG_HELLO_RETRY_REQUEST)
            next = RETRY;
        if (s && t.type == HF_MSG_SERVER_HELLO)
            next = WAIT_EE;
        break;
    case RETRY:
        m->retried = true;
        if (!s && t.type == HF_MSG_CLIENT_HELLO)
            next = WAIT_SH_AGAIN;
        break;
    case WAIT_SH_AGAIN:
        if (s && t.type == HF_MSG_SERVER_HELLO)
            next = WAIT_EE;
        break;
    case WAIT_EE:
        if (s && t.type == HF_MSG_ENCRYPTED_EXTENSIONS)
            next = c->psk ? WAIT_FINISHED : WAIT_CERT_CR;
        break;
    case WAIT_CERT_CR:
        if (s && shows_certificate(c, t))
            next = WAIT_CV;
        if (s && t.type == HF_MSG_CERTIFICATE_REQUEST) {
            m->requested = true;
            next = WAIT_CERT;
        }
        break;
    case WAIT_CERT:
        if (s && shows_certificate(c, t))
            next = WAIT_CV;
        break;
    case WAIT_CV:
        if (s && t.type == HF_MSG_CERTIFICATE_VERIFY)
            next = WAIT_FINISHED;
        break;
    case WAIT_FINISHED:
        if (s && t.type == HF_MSG_FINISHED)
            next = after_server_finished(m, c);
        break;
    case WAIT_EOED:
        if (!s && t.type == HF_MSG_END_OF_EARLY_DATA)
            next = m->requested ? WAIT_CLIENT_CERT : WAIT_CLIENT_FINISHED;
        break;
    case WAIT_CLIENT_CERT:
        if (!s && shows_certificate(c, t))
            next = c->certificate ? WAIT_CLIENT_CV : WAIT_CLIENT_FINISHED;
        break;
    case WAIT_CLIENT_CV:
        if (!s && t.type == HF_MSG_CERTIFICATE_VERIFY)
            next = WAIT_CLIENT_FINISHED;
        break;
    case WAIT_CLIENT_FINISHED:
        if (!s && t.type == HF_MSG_FINISHED)
            next = CONNECTED;
        break;
    case CONNECTED:
    case WRONG:
        break;
    }
    m->state = next;
}

/* How many messages are as they should be; n + 1 when they are all there is. */
static size_t judge_by_machine(const sequence *q, const contents *c)
{
    machine m = {START, false, false};
    for (size_t i = 0; i < q->n; i++) {
        machine_take(&m, c, q->at[i]);
        if (m.state == WRONG)
            return i;
    }
    return m.state == CONNECTED ? q->n + 1 : q->n;
}

/* ---- the table, as one of the two sides walks it ---- */

typedef struct walk {
    unsigned own, facts;
    size_t row;
} walk;

static void learn(walk *w, const hf_row *row, const contents *c)
{
    w->facts |= row->learns;
    if (row->message == HF_MSG_SERVER_HELLO && c->psk)
        w->facts |= HF_F_PSK;
    if (row->message == HF_MSG_ENCRYPTED_EXTENSIONS && c->psk && c->early &&
        (w->facts & HF_F_RETRY) == 0)
        w->facts |= HF_F_EARLY;
    if (row->message == HF_MSG_CLIENT_HELLO && c->compress)
        w->facts |= HF_F_SERVER_MAY_COMPRESS;
    if (row->message == HF_MSG_CERTIFICATE_REQUEST && c->compress)
        w->facts |= HF_F_CLIENT_MAY_COMPRESS;
    if ((row->message == HF_MSG_CERTIFICATE || row->message == HF_MSG_COMPRESSED_CERTIFICATE) &&
        row->by == CL && c->certificate)
        w->facts |= HF_F_CLIENT_CERT;
}

/* Past local work, and past what this side may leave out unless it is `type`. False when another
 * message of this side must be sent first. */
static bool reach(walk *w, uint8_t type)
{
    for (; w->row < hf_table13_rows; w->row++) {
        const hf_row *row = &hf_table13[w->row];
        if (!hf_row_applies(row, w->facts) || row->message == HF_MSG_NONE)
            continue;
        if (row->by != w->own || row->message == type)
            return true;
        if ((row->how & HF_MAY) == 0)
            return false;
    }
    return true;
}

static bool table_takes(walk *w, const contents *c, token t)
{
    if (t.by == w->own) {
        if (!reach(w, t.type) || w->row == hf_table13_rows || hf_table13[w->row].by != w->own)
            return false;
    } else {
        if (!reach(w, HF_MSG_NONE))
            return false;
        w->row =
            hf_script_find(hf_table13, hf_table13_rows, w->row, w->facts, t.by, t.type, NULL, 0);
        if (w->row == hf_table13_rows)
            return false;
    }
    learn(w, &hf_table13[w->row], c);
    w->row++;
    return true;
}

static bool is_over(walk *w)
{
    for (; w->row < hf_table13_rows; w->row++)
        if (hf_row_applies(&hf_table13[w->row], w->facts) &&
            hf_table13[w->row].message != HF_MSG_NONE)
            return false;
    return true;
}

static size_t judge_by_table(const sequence *q, const contents *c, unsigned own)
{
    walk w = {own, 0, 0};
    for (size_t i = 0; i < q->n; i++)
        if (!table_takes(&w, c, q->at[i]))
            return i;
    return is_over(&w) ? q->n + 1 : q->n;
}

/* ---- both, on the same sequence ---- */

static unsigned judged, accepted;

static void describe(const sequence *q, const contents *c)
{
    print_message("psk %d, early %d, client's certificate %d, compression %d:", c->psk, c->early,
                  c->certificate, c->compress);
    for (size_t i = 0; i < q->n; i++)
        print_message(" %c:%u", q->at[i].by == CL ? 'C' : 'S', q->at[i].type);
    print_message("\n");
}

static void judge(const sequence *q, const contents *c)
{
    size_t wanted = judge_by_machine(q, c);
    for (unsigned own = CL; own <= SE; own++) {
        size_t got = judge_by_table(q, c, own);
        if (got != wanted) {
            describe(q, c);
            fail_msg("as %s: the table stops at %zu, the RFC at %zu",
                     own == CL ? "client" : "server", got, wanted);
        }
    }
    judged++;
    accepted += wanted == q->n + 1;
}

/* ---- every legal sequence ---- */

static const token all_tokens[] = {
    {CL, HF_MSG_CLIENT_HELLO},
    {SE, HF_MSG_HELLO_RETRY_REQUEST},
    {SE, HF_MSG_SERVER_HELLO},
    {SE, HF_MSG_ENCRYPTED_EXTENSIONS},
    {SE, HF_MSG_CERTIFICATE_REQUEST},
    {SE, HF_MSG_CERTIFICATE},
    {SE, HF_MSG_CERTIFICATE_VERIFY},
    {SE, HF_MSG_FINISHED},
    {CL, HF_MSG_END_OF_EARLY_DATA},
    {CL, HF_MSG_CERTIFICATE},
    {CL, HF_MSG_CERTIFICATE_VERIFY},
    {CL, HF_MSG_FINISHED},
    {SE, HF_MSG_COMPRESSED_CERTIFICATE},
    {CL, HF_MSG_COMPRESSED_CERTIFICATE},
    /* and what never fits */
    {SE, HF_MSG_CLIENT_HELLO},
    {CL, HF_MSG_SERVER_HELLO},
    {CL, HF_MSG_HELLO_RETRY_REQUEST},
    {CL, HF_MSG_ENCRYPTED_EXTENSIONS},
    {CL, HF_MSG_CERTIFICATE_REQUEST},
    {SE, HF_MSG_END_OF_EARLY_DATA},
    {CL, HF_MSG_KEY_UPDATE},
    {SE, HF_MSG_KEY_UPDATE},
    {SE, HF_MSG_NEW_SESSION_TICKET},
    {CL, HF_MSG_NEW_SESSION_TICKET},
    {SE, HF_MSG_HELLO_REQUEST},
    {SE, HF_MSG_SERVER_KEY_EXCHANGE},
    {SE, HF_MSG_SERVER_HELLO_DONE},
    {CL, HF_MSG_CLIENT_KEY_EXCHANGE},
    {SE, HF_MSG_CERTIFICATE_STATUS},
    {CL, 77},
    {SE, 255},
};
#define TOKENS (sizeof(all_tokens) / sizeof(all_tokens[0]))

static sequence legal[64];
static contents legal_contents[64];
static size_t legal_count;

/* All ways through the machine: it has no loops. */
static void enumerate(machine m, sequence *q, const contents *c)
{
    if (m.state == CONNECTED) {
        assert_true(legal_count < 64);
        legal[legal_count] = *q;
        legal_contents[legal_count++] = *c;
        return;
    }
    for (size_t i = 0; i < TOKENS; i++) {
        machine next = m;
        machine_take(&next, c, all_tokens[i]);
        if (next.state == WRONG)
            continue;
        assert_true(q->n < LONGEST - 2);
        q->at[q->n++] = all_tokens[i];
        enumerate(next, q, c);
        q->n--;
    }
}

static void enumerate_all(void)
{
    legal_count = 0;
    for (int bits = 0; bits < ALL_CONTENTS; bits++) {
        const contents c = contents_of(bits);
        sequence q = {.n = 0};
        if (c.early && !c.psk)
            continue; /* early data needs a PSK */
        enumerate((machine){START, false, false}, &q, &c);
    }
}

static void every_legal_handshake_is_accepted_by_both_sides(void **state)
{
    (void)state;
    judged = accepted = 0;
    enumerate_all();
    for (size_t i = 0; i < legal_count; i++)
        judge(&legal[i], &legal_contents[i]);
    print_message("%zu legal sequences\n", legal_count);
    assert_int_equal(accepted, legal_count);
    /* with and without retry: certificates with no request, with one answered empty or not (the
     * contents that do not show are counted apart), PSK, PSK with early data: 16. With compression
     * offered the same again, each certificate plain or compressed: 32. */
    assert_int_equal(legal_count, 48);
}

static void every_beginning_of_a_legal_handshake_is_judged_right(void **state)
{
    (void)state;
    enumerate_all();
    for (size_t i = 0; i < legal_count; i++) {
        sequence q = legal[i];
        for (q.n = 0; q.n < legal[i].n; q.n++)
            judge(&q, &legal_contents[i]);
    }
}

/* ---- one edit away ---- */

static void drop(sequence *q, size_t i)
{
    memmove(&q->at[i], &q->at[i + 1], (q->n - i - 1) * sizeof(q->at[0]));
    q->n--;
}

static void insert(sequence *q, size_t i, token t)
{
    memmove(&q->at[i + 1], &q->at[i], (q->n - i) * sizeof(q->at[0]));
    q->at[i] = t;
    q->n++;
}

static void edits_of(const sequence *whole, const contents *c)
{
    for (size_t i = 0; i < whole->n; i++) {
        sequence q = *whole;
        drop(&q, i);
        judge(&q, c);
        q = *whole;
        insert(&q, i, q.at[i]);
        judge(&q, c);
        for (size_t k = i + 1; k < whole->n; k++) {
            q = *whole;
            q.at[i] = whole->at[k];
            q.at[k] = whole->at[i];
            judge(&q, c);
        }
        for (size_t t = 0; t < TOKENS; t++) { /* in its place */
            q = *whole;
            q.at[i] = all_tokens[t];
            judge(&q, c);
        }
    }
    for (size_t i = 0; i <= whole->n; i++) {
        for (size_t t = 0; t < TOKENS; t++) {
            sequence q = *whole;
            insert(&q, i, all_tokens[t]);
            judge(&q, c);
        }
    }
}

/* Each under all contents too: a message may say what does not fit what follows. */
static void every_sequence_one_edit_away_is_judged_right(void **state)
{
    (void)state;
    judged = accepted = 0;
    enumerate_all();
    for (size_t i = 0; i < legal_count; i++) {
        for (int bits = 0; bits < ALL_CONTENTS; bits++) {
            const contents c = contents_of(bits);
            edits_of(&legal[i], &c);
        }
    }
    print_message("%u sequences, %u of them legal\n", judged, accepted);
    assert_true(judged > 50000);
    assert_true(accepted > 0 && accepted < judged / 10);
}

/* ---- what would have been right ---- */

static void expected_names_what_could_have_come(void **state)
{
    static const struct {
        uint8_t after; /* the row behind the first one of this message */
        unsigned peer, facts;
        uint8_t type;
        const char *expected;
    } cases[] = {
        {HF_MSG_CLIENT_HELLO, SE, HF_F_HELLO, HF_MSG_FINISHED, "HelloRetryRequest or ServerHello"},
        {HF_MSG_SERVER_HELLO, SE, HF_F_HELLO, HF_MSG_FINISHED,
         ""}, /* keys are to be agreed first */
        {HF_MSG_ENCRYPTED_EXTENSIONS, SE, HF_F_HELLO, HF_MSG_FINISHED,
         "CertificateRequest or Certificate"},
        {HF_MSG_ENCRYPTED_EXTENSIONS, SE, HF_F_HELLO | HF_F_SERVER_MAY_COMPRESS, HF_MSG_FINISHED,
         "CertificateRequest or CompressedCertificate or Certificate"},
        {HF_MSG_ENCRYPTED_EXTENSIONS, SE, HF_F_HELLO | HF_F_PSK, HF_MSG_CERTIFICATE, "Finished"},
        {HF_MSG_FINISHED, CL, HF_F_HELLO, HF_MSG_CERTIFICATE, "Finished"},
        {HF_MSG_FINISHED, CL, HF_F_HELLO | HF_F_REQUEST, HF_MSG_FINISHED, "Certificate"},
        {HF_MSG_FINISHED, CL, HF_F_HELLO | HF_F_PSK | HF_F_EARLY, HF_MSG_FINISHED,
         "EndOfEarlyData"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char expected[HF_ERROR_TEXT];
        size_t at = 0;
        while (hf_table13[at].message != cases[i].after)
            at++;
        assert_int_equal(hf_script_find(hf_table13, hf_table13_rows, at + 1, cases[i].facts,
                                        cases[i].peer, cases[i].type, expected, sizeof(expected)),
                         hf_table13_rows);
        assert_string_equal(expected, cases[i].expected);
        char short_text[8];
        hf_script_find(hf_table13, hf_table13_rows, at + 1, cases[i].facts, cases[i].peer,
                       cases[i].type, short_text, sizeof(short_text)); /* cut, not overrun */
        assert_true(strlen(short_text) < sizeof(short_text));
    }
}

/* Messages that change keys, and so must end their record: section 5.1. */
static void exactly_the_messages_before_a_key_change_are_aligned(void **state)
{
    (void)state;
    for (size_t i = 0; i < hf_table13_rows; i++) {
        uint8_t m = hf_table13[i].message;
        bool wanted = m == HF_MSG_CLIENT_HELLO || m == HF_MSG_SERVER_HELLO ||
                      m == HF_MSG_HELLO_RETRY_REQUEST || m == HF_MSG_FINISHED ||
                      m == HF_MSG_END_OF_EARLY_DATA;
        if (m != HF_MSG_NONE)
            assert_int_equal((hf_table13[i].how & HF_ALIGN) != 0, wanted);
        assert_non_null(hf_table13[i].section);
    }
}

/* A server that knows of a retry from the hello's cookie alone: that hello is the second one, no
 * third is awaited, no retry is sent, and the share that was asked for is taken from it. */
static void a_retry_known_by_its_cookie_goes_on_with_the_same_hello(void **state)
{
    (void)state;
    const unsigned facts = HF_F_HELLO | HF_F_RETRY | HF_F_COOKIE;
    bool again = false;
    size_t at = 0;
    while (hf_table13[at].message != HF_MSG_CLIENT_HELLO)
        at++;
    for (at++; hf_table13[at].message != HF_MSG_SERVER_HELLO; at++) {
        if (!hf_row_applies(&hf_table13[at], facts))
            continue;
        assert_int_equal(hf_table13[at].message, HF_MSG_NONE);
        again |= hf_table13[at].by == SE && (hf_table13[at].needs & HF_F_RETRY) != 0;
    }
    assert_true(again);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_legal_handshake_is_accepted_by_both_sides),
        cmocka_unit_test(every_beginning_of_a_legal_handshake_is_judged_right),
        cmocka_unit_test(every_sequence_one_edit_away_is_judged_right),
        cmocka_unit_test(expected_names_what_could_have_come),
        cmocka_unit_test(exactly_the_messages_before_a_key_change_are_aligned),
        cmocka_unit_test(a_retry_known_by_its_cookie_goes_on_with_the_same_hello),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
