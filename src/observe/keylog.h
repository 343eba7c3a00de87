/* keylog.h: the secrets of connections by client random, as SSLKEYLOGFILE has them. */
#ifndef HF_OBSERVE_KEYLOG_H
#define HF_OBSERVE_KEYLOG_H

#include <handfast/observe.h>

typedef enum hf_keylog_label {
    HF_LOG_MASTER, /* CLIENT_RANDOM: TLS 1.2's master secret */
    HF_LOG_CLIENT_EARLY,
    HF_LOG_EARLY_EXPORTER,
    HF_LOG_CLIENT_HANDSHAKE,
    HF_LOG_SERVER_HANDSHAKE,
    HF_LOG_CLIENT_TRAFFIC,
    HF_LOG_SERVER_TRAFFIC,
    HF_LOG_EXPORTER,
    HF_LOG_COUNT,
} hf_keylog_label;

/* The label as the log writes it. */
const char *hf_keylog_label_name(hf_keylog_label label);

/* The secrets of one connection, each empty where the log has none. Borrowed from the log. False
 * when it has none at all. */
typedef struct hf_keylog_found {
    hf_bytes secret[HF_LOG_COUNT];
} hf_keylog_found;
bool hf_keylog_find(const hf_keylog *k, const uint8_t client_random[32], hf_keylog_found *out);

#endif
