/* causes.c: looking up causes.def, and the command for this connection. */
#include "explain/causes.h"

#include <string.h>

static const ex_causes table[] = {
#define HF_ALERT_CAUSES(alert, command, ...)                                                       \
    {HF_E_ALERT_RECEIVED, HF_ALERT_##alert, command, {__VA_ARGS__}},
#define HF_SEEN_CAUSES(alert, command, ...)                                                        \
    {HF_E_ALERT_SEEN, HF_ALERT_##alert, command, {__VA_ARGS__}},
#define HF_CAUSES(name, command, ...) {HF_E_##name, 0, command, {__VA_ARGS__}},
#include "explain/causes.def"
#undef HF_CAUSES
#undef HF_ALERT_CAUSES
#undef HF_SEEN_CAUSES
};

/* Alerts with causes of their own stand before the entry for any alert. */
const ex_causes *ex_causes_of(const hf_error *e)
{
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        if (table[i].code == e->code && (table[i].alert == 0 || table[i].alert == e->alert))
            return &table[i];
    return NULL;
}

static bool is_plain(const char *target)
{
    static const char plain[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-_:[]";
    return target != NULL && target[0] != '\0' && target[0] != '-' &&
           strspn(target, plain) == strlen(target);
}

/* The bytes of `target` before its port. */
static size_t host_len(const char *target)
{
    const char *bracket = strrchr(target, ']'), *colon = strrchr(target, ':');
    if (bracket != NULL && (colon == NULL || colon < bracket))
        return strlen(target);
    return colon == NULL ? strlen(target) : (size_t)(colon - target);
}

char *ex_command_text(char *to, size_t size, const ex_causes *c, const char *target)
{
    size_t at = 0;
    if (!is_plain(target))
        target = NULL;
    for (const char *p = c->command; *p != '\0' && at + 1 < size; p++) {
        if (p[0] != '%') {
            to[at++] = *p;
            continue;
        }
        p++; /* 't' or 'h': the table has no others */
        const char *text = target != NULL ? target : *p == 'h' ? "HOST" : "HOST:PORT";
        size_t n = target != NULL && *p == 'h' ? host_len(target) : strlen(text);
        if (n >= size - at)
            n = size - at - 1;
        memcpy(to + at, text, n);
        at += n;
    }
    to[at < size ? at : size - 1] = '\0';
    return to;
}
