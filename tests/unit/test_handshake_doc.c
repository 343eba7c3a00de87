/* test_handshake_doc.c: docs/HANDSHAKE.md is generated from the tables, and is up to date.
 *
 *     HF_WRITE_DOCS=1 build/tests/test_handshake_doc     writes it anew
 */
#include "handshake/handshake.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

typedef struct text {
    char p[32768];
    size_t n;
} text;

static void add(text *t, const char *format, ...) HF_PRINTF(2, 3);

static void add(text *t, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    t->n += (size_t)vsnprintf(t->p + t->n, sizeof(t->p) - t->n, format, args);
    va_end(args);
    assert_true(t->n < sizeof(t->p));
}

/* A kind of handshake, by the facts that it teaches on the way. */
typedef struct kind {
    const char *name, *about;
    unsigned facts;
} kind;

static const kind kinds[] = {
    {"Full, the server alone shows a certificate", "One round trip before data. The usual case.",
     0},
    {"Full, two-way", "The server asks for a certificate, and the client has one.",
     HF_F_REQUEST | HF_F_CLIENT_CERT},
    {"Full, the client has no certificate to show",
     "Its Certificate is empty, so no CertificateVerify follows; the server decides.",
     HF_F_REQUEST},
    {"Full, two-way, with compressed certificates",
     "Each side has offered to expand the other's: RFC 8879.",
     HF_F_REQUEST | HF_F_CLIENT_CERT | HF_F_SERVER_MAY_COMPRESS | HF_F_SERVER_COMPRESSED |
         HF_F_CLIENT_MAY_COMPRESS | HF_F_CLIENT_COMPRESSED},
    {"With HelloRetryRequest",
     "No key share of the first ClientHello fits. Costs one round trip more.", HF_F_RETRY},
    {"Resumed", "The client shows a ticket, and its binder proves that the ticket is its own.",
     HF_F_PSK},
    {"Resumed, with early data",
     "Data travels behind the ClientHello; EndOfEarlyData says that no more of it comes.",
     HF_F_PSK | HF_F_EARLY},
};

static const kind kinds12[] = {
    {"Full, the server alone shows a certificate", "Two round trips before data.", 0},
    {"Full, with a stapled OCSP response", "The client asked for it, and the server promised it.",
     HF_F_STATUS},
    {"Full, two-way", "The server asks for a certificate, and the client has one.",
     HF_F_REQUEST | HF_F_CLIENT_CERT},
    {"Full, with a ticket", "The client can keep tickets, and the server gives one.", HF_F_TICKET},
    {"Full, with RSA key transport",
     "Only where both sides allow what is insecure: the client encrypts the secret to the server's "
     "key.",
     HF_F_TRANSPORT},
    {"Resumed, by ticket or session id",
     "One round trip before data; the server's Finished comes first.", HF_F_RESUMED},
};

/* Is the row part of this handshake? What teaches a fact that the kind lacks is left out. */
static bool part(const hf_row *row, const kind *k)
{
    unsigned taught =
        row->learns & (HF_F_RETRY | HF_F_REQUEST | HF_F_SERVER_COMPRESSED | HF_F_CLIENT_COMPRESSED);
    return hf_row_applies(row, k->facts | HF_F_HELLO) && (taught & ~k->facts) == 0;
}

static void arrow(text *t, const hf_row *row)
{
    char line[64];
    const char *name = hf_message_name(row->message);
    bool client = row->by == HF_BY_CLIENT;
    size_t dashes = 46 - strlen(name);
    memset(line, '-', dashes);
    line[dashes] = '\0';
    if (client)
        add(t, "    %s %s>", name, line);
    else
        add(t, "    <%s %s", line, name);
    add(t, "   %s%s\n", row->section, (row->how & HF_ALIGN) != 0 ? ", ends its record" : "");
}

static void ladder(text *t, const hf_row *table, size_t rows, const kind *k)
{
    add(t, "## %s\n\n%s\n\n    client%*sserver\n", k->name, k->about, 36, "");
    for (size_t i = 0; i < rows; i++)
        if (table[i].message != HF_MSG_NONE && part(&table[i], k))
            arrow(t, &table[i]);
    add(t, "\n");
}

static void whole_table(text *t, const hf_row *table, size_t rows)
{
    add(t, "## The whole table\n\n"
           "| Message | From | May be left out | Needs | Not with | Section "
           "|\n|---|---|---|---|---|---|\n");
    static const char *const facts[] = {"hello",
                                        "retry",
                                        "PSK",
                                        "early data",
                                        "request",
                                        "client certificate",
                                        "the client's offer of compression",
                                        "server's compressed",
                                        "the server's offer of compression",
                                        "client's compressed",
                                        "a promised status",
                                        "a session that goes on",
                                        "a promised ticket",
                                        "RSA key transport"};
    for (size_t i = 0; i < rows; i++) {
        const hf_row *row = &table[i];
        if (row->message == HF_MSG_NONE)
            continue;
        add(t, "| %s | %s | %s |", hf_message_name(row->message),
            row->by == HF_BY_CLIENT ? "client" : "server", (row->how & HF_MAY) != 0 ? "yes" : "");
        const unsigned sets[] = {row->needs, row->unless};
        for (size_t s = 0; s < 2; s++) {
            const char *separator = " ";
            for (size_t f = 0; f < sizeof(facts) / sizeof(facts[0]); f++)
                if ((sets[s] & 1U << f) != 0) {
                    add(t, "%s%s", separator, facts[f]);
                    separator = ", ";
                }
            add(t, " |");
        }
        add(t, " %s |\n", row->section);
    }
}

static void generate(text *t)
{
    add(t, "# The handshake\n\n"
           "Generated from the tables in `src/handshake/table13.c` and `table12.c` by "
           "`tests/unit/test_handshake_doc.c`:"
           " do not\nedit.\n\n# TLS 1.3\n\nSection numbers are those of RFC 9846. In the middlebox "
           "compatibility mode"
           " each side also sends\none change_cipher_spec record, which is dropped"
           " (section E.4).\n\n");
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        ladder(t, hf_table13, hf_table13_rows, &kinds[i]);
    whole_table(t, hf_table13, hf_table13_rows);
    add(t, "\n# TLS 1.2\n\nSection numbers are those of RFC 5246; the key exchange is that of RFC "
           "8422.\n\n");
    for (size_t i = 0; i < sizeof(kinds12) / sizeof(kinds12[0]); i++)
        ladder(t, hf_table12, hf_table12_rows, &kinds12[i]);
    whole_table(t, hf_table12, hf_table12_rows);
}

static const char *path(void)
{
    static char p[512];
    const char *source = getenv("HF_SOURCE");
    snprintf(p, sizeof(p), "%s/docs/HANDSHAKE.md", source != NULL ? source : ".");
    return p;
}

static void the_page_is_what_the_table_says(void **state)
{
    static text t, on_disk;
    (void)state;
    generate(&t);
    if (getenv("HF_WRITE_DOCS") != NULL) {
        FILE *out = fopen(path(), "w");
        assert_non_null(out);
        fwrite(t.p, 1, t.n, out);
        fclose(out);
    }
    FILE *in = fopen(path(), "r");
    assert_non_null(in);
    on_disk.n = fread(on_disk.p, 1, sizeof(on_disk.p) - 1, in);
    fclose(in);
    assert_string_equal(on_disk.p, t.p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_page_is_what_the_table_says)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
