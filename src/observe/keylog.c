/* keylog.c: reading a key log of the NSS form. */
#include "observe/keylog.h"

#include "base/alloc.h"
#include "base/bytes.h"
#include "base/ct.h"
#include "base/error.h"

enum { RANDOM = 32, MASTER = 48 };

typedef struct entry {
    uint8_t client_random[RANDOM];
    uint8_t secret[HF_HASH_MAX_DIGEST];
    uint8_t label, secret_len;
} entry;

struct hf_keylog {
    entry *entries;
    size_t count, room;
};

static const char *const labels[HF_LOG_COUNT] = {
    [HF_LOG_MASTER] = "CLIENT_RANDOM",
    [HF_LOG_CLIENT_EARLY] = "CLIENT_EARLY_TRAFFIC_SECRET",
    [HF_LOG_EARLY_EXPORTER] = "EARLY_EXPORTER_SECRET",
    [HF_LOG_CLIENT_HANDSHAKE] = "CLIENT_HANDSHAKE_TRAFFIC_SECRET",
    [HF_LOG_SERVER_HANDSHAKE] = "SERVER_HANDSHAKE_TRAFFIC_SECRET",
    [HF_LOG_CLIENT_TRAFFIC] = "CLIENT_TRAFFIC_SECRET_0",
    [HF_LOG_SERVER_TRAFFIC] = "SERVER_TRAFFIC_SECRET_0",
    [HF_LOG_EXPORTER] = "EXPORTER_SECRET",
};

const char *hf_keylog_label_name(hf_keylog_label label)
{
    return labels[label];
}

hf_status hf_keylog_new(hf_keylog **out)
{
    *out = hf_alloc(sizeof(**out));
    return *out == NULL ? HF_E_OUT_OF_MEMORY : HF_OK;
}

void hf_keylog_free(hf_keylog *k)
{
    if (k == NULL)
        return;
    hf_free_wiped(k->entries, k->room * sizeof(entry));
    hf_free(k);
}

size_t hf_keylog_count(const hf_keylog *k)
{
    return k->count;
}

/* ---- one line ---- */

static int nibble(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The bytes that `digits` stand for, at most `room`; 0 when they are no hexadecimal of that size.
 */
static size_t unhex(hf_bytes digits, uint8_t *to, size_t room)
{
    if (digits.n % 2 != 0 || digits.n / 2 > room)
        return 0;
    for (size_t i = 0; i < digits.n / 2; i++) {
        int high = nibble(digits.p[2 * i]), low = nibble(digits.p[2 * i + 1]);
        if (high < 0 || low < 0)
            return 0;
        to[i] = (uint8_t)(high << 4 | low);
    }
    return digits.n / 2;
}

static bool is_space(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static hf_bytes next_word(hf_bytes *line)
{
    while (line->n != 0 && is_space(line->p[0]))
        *line = (hf_bytes){line->p + 1, line->n - 1};
    hf_bytes word = {line->p, 0};
    while (word.n < line->n && !is_space(line->p[word.n]))
        word.n++;
    *line = (hf_bytes){line->p + word.n, line->n - word.n};
    return word;
}

static int label_of(hf_bytes word)
{
    for (int i = 0; i < HF_LOG_COUNT; i++)
        if (hf_bytes_equal(word, hf_bytes_text(labels[i])))
            return i;
    return -1;
}

/* Something that looks like a label of another use: letters, digits and underscores. */
static bool is_label(hf_bytes word)
{
    for (size_t i = 0; i < word.n; i++) {
        uint8_t c = word.p[i];
        if (!((c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'))
            return false;
    }
    return word.n != 0;
}

typedef enum line_kind { LINE_NOTHING, LINE_SECRET, LINE_BAD } line_kind;

static line_kind read_line(hf_bytes line, entry *out)
{
    hf_bytes word = next_word(&line);
    if (word.n == 0 || word.p[0] == '#')
        return LINE_NOTHING;
    int label = label_of(word);
    hf_bytes random = next_word(&line), secret = next_word(&line), rest = next_word(&line);
    if (label < 0)
        return is_label(word) && secret.n != 0 ? LINE_NOTHING : LINE_BAD;
    *out = (entry){.label = (uint8_t)label};
    size_t n = unhex(secret, out->secret, sizeof(out->secret));
    out->secret_len = (uint8_t)n;
    bool fits = label == HF_LOG_MASTER ? n == MASTER : n >= 32;
    if (rest.n != 0 || !fits || random.n != 2U * RANDOM ||
        unhex(random, out->client_random, RANDOM) != RANDOM) {
        hf_wipe(out, sizeof(*out));
        return LINE_BAD;
    }
    return LINE_SECRET;
}

/* ---- the whole ---- */

static hf_status keep(hf_keylog *k, const entry *e)
{
    if (k->count == k->room) {
        size_t room = k->room == 0 ? 16 : k->room * 2;
        entry *larger = hf_alloc_raw(room * sizeof(entry));
        if (larger == NULL)
            return HF_E_OUT_OF_MEMORY;
        hf_copy(larger, k->entries, k->count * sizeof(entry));
        hf_free_wiped(k->entries, k->room * sizeof(entry));
        k->entries = larger;
        k->room = room;
    }
    k->entries[k->count++] = *e;
    return HF_OK;
}

static hf_bytes next_line(hf_bytes *text)
{
    const uint8_t *end = memchr(text->p, '\n', text->n);
    hf_bytes line = {text->p, end != NULL ? (size_t)(end - text->p) : text->n};
    size_t used = line.n + (end != NULL);
    *text = (hf_bytes){text->p + used, text->n - used};
    return line;
}

hf_status hf_keylog_add(hf_keylog *k, hf_bytes text, hf_error *e)
{
    size_t number = 0, bad = 0, good = 0;
    entry found;
    while (text.n != 0) {
        hf_bytes line = next_line(&text);
        number++;
        line_kind kind = read_line(line, &found);
        if (kind == LINE_BAD && bad == 0)
            bad = number;
        if (kind != LINE_SECRET)
            continue;
        good++;
        hf_status s = keep(k, &found);
        hf_wipe(&found, sizeof(found));
        if (s != HF_OK)
            return hf_fail(e, s, NULL, NULL, NULL);
    }
    if (good == 0 && bad != 0)
        return hf_fail(e, HF_E_KEYLOG, "line",
                       "lines of a label, a client random and a secret, in hexadecimal",
                       "something else in line %zu, and no such line at all", bad);
    return HF_OK;
}

bool hf_keylog_find(const hf_keylog *k, const uint8_t client_random[RANDOM], hf_keylog_found *out)
{
    bool any = false;
    *out = (hf_keylog_found){0};
    for (size_t i = 0; k != NULL && i < k->count; i++) {
        const entry *e = &k->entries[i];
        if (memcmp(e->client_random, client_random, RANDOM) != 0 || out->secret[e->label].n != 0)
            continue;
        out->secret[e->label] = (hf_bytes){e->secret, e->secret_len};
        any = true;
    }
    return any;
}
