/* ct.h: Certificate Transparency (RFC 6962): signed certificate timestamps, the logs that make
 * them, and how many of them a certificate needs.
 *
 * A log that is given a certificate answers with a timestamp (SCT), its signed promise to publish
 * it. A client that demands them of its servers knows that a certificate which an authority issued
 * wrongly can be seen by everyone. Timestamps come in the certificate itself (its authority asked
 * the logs first, with a precertificate), as a TLS extension beside it, or in the stapled OCSP
 * response.
 *
 * Which logs exist and who runs them changes by the month, so it is the caller's to say: a set of
 * logs is made once, given to any number of configs and verifications (hf_config_ct,
 * hf_verify_params.ct_logs), and not changed any more. The program reads the public list of logs
 * (https://www.gstatic.com/ct/log_list/v3/log_list.json); the library has no JSON.
 *
 * SPDX-License-Identifier: Apache-2.0 OR MIT
 * Copyright The handfast authors
 */
#ifndef HANDFAST_CT_H
#define HANDFAST_CT_H

#include <handfast/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- logs ---- */

/* What its list says about a log: https://googlechrome.github.io/CertificateTransparency. */
typedef enum hf_ct_state {
    HF_CT_USABLE,    /* qualified or usable: its timestamps count */
    HF_CT_READ_ONLY, /* it takes no more certificates; its timestamps count */
    HF_CT_RETIRED,   /* those in certificates count that it made before `state_s`, beside others */
    HF_CT_PENDING,   /* not accepted yet: none counts */
    HF_CT_REJECTED,  /* never accepted: none counts */
} hf_ct_state;

/* Who ran a log before it changed hands. */
typedef struct hf_ct_operator {
    const char *name;
    int64_t until_s; /* the first second that was another's */
} hf_ct_operator;

#define HF_CT_EARLIER_MOST 8
#define HF_CT_LOG_ID       32 /* bytes: SHA-256 of the log's public key */

typedef struct hf_ct_log {
    const char *name;          /* "Example 'Elm2026h1' log"; NULL: none */
    const char *operator_name; /* who runs it; NULL: unknown, which counts as one operator a log */
    const hf_ct_operator *earlier; /* who ran it before, oldest first, at most 8: a timestamp is */
    size_t earlier_count;          /* that operator's who ran the log when it was made */
    hf_bytes public_key;           /* SubjectPublicKeyInfo: P-256, or RSA of 2048 bits or more */
    hf_bytes id;                   /* 32 bytes, or none: it is computed, and compared if given */
    hf_ct_state state;
    int64_t state_s; /* since when, seconds since 1970 (RETIRED needs it) */
    /* It takes certificates whose notAfter is in [start, end); both 0: any. */
    int64_t interval_start_s, interval_end_s;
} hf_ct_log;

typedef struct hf_ct_logs hf_ct_logs; /* reference-counted; add first, then share */

HF_API hf_status hf_ct_logs_new(hf_ct_logs **out);
HF_API hf_ct_logs *hf_ct_logs_ref(hf_ct_logs *logs);
HF_API void hf_ct_logs_free(hf_ct_logs *logs); /* one reference; NULL is fine */

/* Adds a log (copied, texts too; cut to 200 bytes). One whose key is there already takes its place.
 * HF_E_CT_LOG_MALFORMED says what is wrong with it, HF_E_BAD_ARGUMENT for more than 4096 logs,
 * HF_E_OUT_OF_MEMORY. On an error nothing changes. */
HF_API hf_status hf_ct_logs_add(hf_ct_logs *logs, const hf_ct_log *log, hf_error *e);
HF_API size_t hf_ct_logs_count(const hf_ct_logs *logs);
/* Log `i`, or the one with this id; borrowed; NULL when there is none. */
HF_API const hf_ct_log *hf_ct_logs_at(const hf_ct_logs *logs, size_t i);
HF_API const hf_ct_log *hf_ct_logs_find(const hf_ct_logs *logs, hf_bytes id);

/* ---- what is demanded ---- */

/* How many timestamps a certificate needs. Zero is what Chrome demands: of timestamps in the
 * certificate, 2 where it is valid for at most 180 days and 3 where it is for longer, of which one
 * may not be from a retired log; or 2 that came with the connection; in either case from distinct
 * logs, which two operators run at least.
 *
 * A timestamp counts when its log is among those given, its signature is that log's over this very
 * certificate, it is not from the future, the log takes certificates that end when this one does,
 * and the log's state is as said above. One of another version than 1 is passed over. */
typedef struct hf_ct_policy {
    bool optional;     /* only told; nothing is refused */
    uint8_t logs;      /* this many distinct logs, wherever they come from; 0: as above */
    uint8_t operators; /* that so many operators run; 0: 2, or 1 where `logs` is 1 */
} hf_ct_policy;

/* ---- timestamps ---- */

/* One timestamp, read: RFC 6962 section 3.2. Every hf_bytes borrows. */
typedef struct hf_sct {
    hf_bytes bytes;  /* the whole SerializedSCT */
    uint8_t version; /* 0 is v1; of any other the rest is empty */
    hf_bytes log_id; /* 32 bytes */
    uint64_t timestamp_ms;
    hf_bytes extensions;
    uint16_t algorithm; /* as a TLS SignatureScheme: 0x0403 is ECDSA with SHA-256 */
    hf_bytes signature;
} hf_sct;

/* Where a timestamp came from. */
typedef enum hf_sct_source { HF_SCT_EMBEDDED, HF_SCT_TLS, HF_SCT_OCSP } hf_sct_source;

/* Reads one, strictly, with nothing after it. HF_E_SCT_MALFORMED. */
HF_API hf_status hf_sct_parse(hf_bytes sct, hf_sct *out, hf_error *e);

/* Takes the first SerializedSCT off `*rest`, a list without its own length (as hf_info.sct_list
 * is); false at the end, and where the bytes are no list (`*rest` is not empty then). */
HF_API bool hf_sct_next(hf_bytes *rest, hf_bytes *sct);

/* The list in the value of the certificate's extension (hf_cert.sct_list), as hf_sct_next takes it:
 * checked to be a list of at least one, each of at least one byte. HF_E_SCT_MALFORMED. */
HF_API hf_status hf_sct_list_read(hf_bytes extension, hf_bytes *list, hf_error *e);

#ifdef __cplusplus
}
#endif
#endif
