/* page.c: the document as one HTML file that needs nothing else and asks nobody.
 *
 * The page is web/explain, put into the program at build time. The document stands in it as JSON,
 * in an element that the browser does not run and whose text cannot end it: '<' is written as
 * \u003c. The policy names the script and the style by their hashes and forbids everything else, so
 * that whatever a peer sent could do nothing even if it became markup. */
#include "explain/page.h"
#include "explain/explain.h"

#include <inttypes.h>
#include <string.h>

enum { DIGEST = 32, BASE64 = 4 * ((DIGEST + 2) / 3) + 1 };

typedef struct page {
    hf_explain_sink sink;
    bool failed;
} page;

static void put_n(page *p, const void *bytes, size_t n)
{
    if (!p->failed && n != 0 && !p->sink.write(p->sink.ctx, bytes, n))
        p->failed = true;
}

static void put(page *p, const char *text)
{
    put_n(p, text, strlen(text));
}

/* ---- the policy ---- */

static void base64(const uint8_t *in, char out[BASE64])
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t at = 0;
    for (size_t i = 0; i < DIGEST; i += 3) {
        size_t left = DIGEST - i;
        uint32_t v = (uint32_t)in[i] << 16;
        v |= left > 1 ? (uint32_t)in[i + 1] << 8 : 0;
        v |= left > 2 ? in[i + 2] : 0;
        out[at++] = letters[v >> 18];
        out[at++] = letters[v >> 12 & 63];
        out[at++] = left > 1 ? letters[v >> 6 & 63] : '=';
        out[at++] = left > 2 ? letters[v & 63] : '=';
    }
    out[at] = '\0';
}

/* 'sha256-...' of what stands between the tags. */
static hf_status put_hash(page *p, const unsigned char *text, size_t n)
{
    const hf_hash *const *h = hf_provider_default()->hashes;
    hf_hash_state state;
    uint8_t digest[HF_HASH_MAX_DIGEST];
    char encoded[BASE64];
    while (*h != NULL && strcmp((*h)->name, "SHA-256") != 0)
        h++;
    if (*h == NULL)
        return HF_E_INTERNAL;
    (*h)->init(&state);
    (*h)->update(&state, text, n);
    (*h)->final(&state, digest);
    base64(digest, encoded);
    put(p, "'sha256-");
    put(p, encoded);
    put(p, "'");
    return HF_OK;
}

static hf_status policy(page *p, bool live)
{
    put(p, "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
           "base-uri 'none'; form-action 'none'; img-src data:; connect-src ");
    put(p, live ? "'self'; script-src " : "'none'; script-src ");
    hf_status status = put_hash(p, ex_page_script, ex_page_script_len);
    put(p, "; style-src ");
    if (status == HF_OK)
        status = put_hash(p, ex_page_style, ex_page_style_len);
    put(p, "\">");
    return status;
}

/* ---- the documents ---- */

/* A sink for JSON, where '<' can only stand inside a text. */
static bool escape(void *ctx, const char *text, size_t n)
{
    page *p = ctx;
    while (n != 0) {
        const char *less = memchr(text, '<', n);
        size_t before = less == NULL ? n : (size_t)(less - text);
        put_n(p, text, before);
        if (less == NULL)
            break;
        put(p, "\\u003c");
        text = less + 1;
        n -= before + 1;
    }
    return !p->failed;
}

static hf_status document(page *p, const hf_explain *x, const char *id, const hf_explain_html *how)
{
    char number[64];
    hf_status status = HF_OK;
    put(p, "<script type=\"application/json\" id=\"");
    put(p, id);
    put(p, "\"");
    if (how->live) {
        snprintf(number, sizeof number, " data-live data-connection=\"%" PRIu64 "\"",
                 how->connection);
        put(p, number);
    }
    put(p, ">");
    if (x != NULL)
        status = hf_explain_render_json(x, (hf_explain_sink){escape, p});
    put(p, "</script>\n");
    return status;
}

hf_status hf_explain_render_html(const hf_explain *x, hf_explain_sink out,
                                 const hf_explain_html *how)
{
    page p = {.sink = out};
    hf_explain_html plain = {0};
    if (how == NULL)
        how = &plain;
    put_n(&p, ex_page_head, ex_page_head_len);
    hf_status status = policy(&p, how->live);
    put_n(&p, ex_page_before_style, ex_page_before_style_len);
    put(&p, "<style>");
    put_n(&p, ex_page_style, ex_page_style_len);
    put(&p, "</style>");
    put_n(&p, ex_page_after_style, ex_page_after_style_len);
    if (status == HF_OK)
        status = document(&p, x, "explain-data", how);
    if (status == HF_OK && how->second != NULL)
        status = document(&p, how->second, "explain-data-2", &plain);
    put(&p, "<script type=\"module\">");
    put_n(&p, ex_page_script, ex_page_script_len);
    put(&p, "</script>\n</body>\n</html>\n");
    if (status == HF_OK && p.failed)
        status = HF_E_FILE;
    return status;
}
