/* messages.c: the messages and alerts of a connection, in the words of BoringSSL's shim. */
#include "shim.h"

#include <stdio.h>
#include <string.h>

enum { CHANGE_CIPHER_SPEC = 254 }; /* among the types of hf_trace_message_event */

static void note(shim_link *l, const hf_event *event)
{
    char *at = l->messages + l->messages_len;
    const size_t room = sizeof(l->messages) - l->messages_len;
    const char *way = event->sent ? "write" : "read";
    int n = 0;
    if (event->kind == HF_TRACE_ALERT)
        n = snprintf(at, room, "%s alert %u %u\n", way, event->alert.level,
                     event->alert.description);
    else if (event->kind == HF_TRACE_MESSAGE && event->message.type == CHANGE_CIPHER_SPEC)
        n = snprintf(at, room, "%s ccs\n", way);
    else if (event->kind == HF_TRACE_MESSAGE)
        n = snprintf(at, room, "%s hs %u\n", way, event->message.type);
    if (n > 0 && (size_t)n < room)
        l->messages_len += (size_t)n;
}

static void take_event(void *ctx, const hf_conn *conn, const hf_event *event)
{
    (void)conn;
    note(ctx, event);
}

void shim_messages_set(shim_link *l)
{
    if (l->options->expect_messages != NULL)
        hf_config_trace(l->cfg, &(hf_trace){.event = take_event, .ctx = l});
}

bool shim_messages_check(const shim_link *l)
{
    const char *expected = l->options->expect_messages;
    if (expected == NULL || strcmp(expected, l->messages) == 0)
        return true;
    fprintf(stderr, "the messages were\n%sexpected\n%s", l->messages, expected);
    return false;
}
