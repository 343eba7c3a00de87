/* error.c: errors as values: the table from errors.def, and their text. */
#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

typedef struct error_entry {
    hf_status code;
    uint8_t alert;
    const char *name, *sentence, *remedy, *section;
} error_entry;

static const error_entry entries[] = {
#define HF_ERROR(name, number, alert, sentence, remedy, section)                                   \
    {-(number), HF_ALERT_##alert, #name, sentence, remedy, section},
#include <handfast/errors.def>
#undef HF_ERROR
};

static const error_entry success = {HF_OK, HF_ALERT_close_notify, "OK", "no error", "", ""};
static const error_entry unknown = {1,
                                    HF_ALERT_internal_error,
                                    "UNKNOWN",
                                    "an error that this version of handfast does not know",
                                    "check that header and library are of one version",
                                    ""};

static const error_entry *find(hf_status code)
{
    if (code == HF_OK)
        return &success;
    for (size_t i = 0; i < sizeof(entries) / sizeof(entries[0]); i++)
        if (entries[i].code == code)
            return &entries[i];
    return &unknown;
}

const char *hf_version(void)
{
    return HF_VERSION_STRING;
}

const char *hf_error_name(hf_status code)
{
    return find(code)->name;
}

const char *hf_error_sentence(hf_status code)
{
    return find(code)->sentence;
}

const char *hf_error_remedy(hf_status code)
{
    return find(code)->remedy;
}

const char *hf_error_section(hf_status code)
{
    return find(code)->section;
}

uint8_t hf_error_alert(hf_status code)
{
    return find(code)->alert;
}

static const struct {
    uint8_t alert;
    const char *name;
} alert_names[] = {
#define ALERT(name)                                                                                \
    {                                                                                              \
        HF_ALERT_##name, #name                                                                     \
    }
    ALERT(close_notify),
    ALERT(unexpected_message),
    ALERT(bad_record_mac),
    ALERT(record_overflow),
    ALERT(handshake_failure),
    ALERT(bad_certificate),
    ALERT(unsupported_certificate),
    ALERT(certificate_revoked),
    ALERT(certificate_expired),
    ALERT(certificate_unknown),
    ALERT(illegal_parameter),
    ALERT(unknown_ca),
    ALERT(access_denied),
    ALERT(decode_error),
    ALERT(decrypt_error),
    ALERT(protocol_version),
    ALERT(insufficient_security),
    ALERT(internal_error),
    ALERT(inappropriate_fallback),
    ALERT(user_canceled),
    ALERT(no_renegotiation),
    ALERT(missing_extension),
    ALERT(unsupported_extension),
    ALERT(unrecognized_name),
    ALERT(bad_certificate_status_response),
    ALERT(unknown_psk_identity),
    ALERT(certificate_required),
    ALERT(general_error),
    ALERT(no_application_protocol),
#undef ALERT
};

const char *hf_alert_name(uint8_t alert)
{
    for (size_t i = 0; i < sizeof(alert_names) / sizeof(alert_names[0]); i++)
        if (alert_names[i].alert == alert)
            return alert_names[i].name;
    return "unknown";
}

hf_status hf_fail(hf_error *e, hf_status code, const char *field, const char *expected,
                  const char *got, ...)
{
    if (e == NULL)
        return code;
    *e = (hf_error){.code = code, .alert = hf_error_alert(code), .field = field};
    if (expected != NULL)
        snprintf(e->expected, sizeof(e->expected), "%s", expected);
    if (got != NULL) {
        va_list args;
        va_start(args, got);
        vsnprintf(e->got, sizeof(e->got), got, args);
        va_end(args);
    }
    return code;
}

void hf_error_expected(hf_error *e, const char *format, ...)
{
    if (e == NULL)
        return;
    va_list args;
    va_start(args, format);
    vsnprintf(e->expected, sizeof(e->expected), format, args);
    va_end(args);
}

void hf_error_subject(hf_error *e, const char *format, ...)
{
    if (e == NULL)
        return;
    va_list args;
    va_start(args, format);
    vsnprintf(e->subject, sizeof(e->subject), format, args);
    va_end(args);
}

/* Appends formatted text as far as there is room; `*n` never passes size - 1. */
static void add(char *text, size_t size, size_t *n, const char *format, ...) HF_PRINTF(4, 5);

static void add(char *text, size_t size, size_t *n, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int more = vsnprintf(text + *n, size - *n, format, args);
    va_end(args);
    if (more > 0)
        *n += (size_t)more < size - *n ? (size_t)more : size - *n - 1;
}

static void add_where(const hf_error *e, char *text, size_t size, size_t *n)
{
    if (e->message == NULL && e->field == NULL)
        return;
    add(text, size, n, "  where     %s%s%s", e->message != NULL ? e->message : "",
        e->message != NULL && e->field != NULL ? ", " : "", e->field != NULL ? e->field : "");
    if (e->has_offset)
        add(text, size, n, ", byte %u", (unsigned)e->offset);
    add(text, size, n, "\n");
}

static void add_alert(const hf_error *e, char *text, size_t size, size_t *n)
{
    if (e->alert_sent)
        add(text, size, n, "  alert     sent %s\n", hf_alert_name(e->alert));
    if (e->alert_received)
        add(text, size, n, "  alert     received %s\n", hf_alert_name(e->alert));
}

size_t hf_error_format(const hf_error *e, char *text, size_t size)
{
    size_t n = 0;
    if (size == 0)
        return 0;
    text[0] = '\0';
    const error_entry *entry = find(e->code);
    add(text, size, &n, "%s", entry->sentence);
    if (entry->section[0] != '\0')
        add(text, size, &n, " (%s)", entry->section);
    add(text, size, &n, "\n");
    if (e->subject[0] != '\0')
        add(text, size, &n, "  on        %s\n", e->subject);
    add_where(e, text, size, &n);
    if (e->expected[0] != '\0')
        add(text, size, &n, "  expected  %s\n", e->expected);
    if (e->got[0] != '\0')
        add(text, size, &n, "  got       %s\n", e->got);
    add_alert(e, text, size, &n);
    if (entry->remedy[0] != '\0')
        add(text, size, &n, "  try       %s\n", entry->remedy);
    return n;
}
