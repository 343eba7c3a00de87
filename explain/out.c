/* out.c: putting text into a sink: safe characters, colours, columns. */
#include "explain/out.h"

#include "explain/date.h"

#include <stdarg.h>
#include <string.h>

static bool write_file(void *ctx, const char *p, size_t n)
{
    return fwrite(p, 1, n, (FILE *)ctx) == n;
}

hf_explain_sink hf_explain_sink_file(FILE *file)
{
    return (hf_explain_sink){.write = write_file, .ctx = file};
}

void ex_out_init(ex_out *o, hf_explain_sink sink)
{
    memset(o, 0, offsetof(ex_out, pending));
    o->sink = sink;
}

static void flush(ex_out *o)
{
    if (o->n != 0 && !o->failed && !o->sink.write(o->sink.ctx, o->pending, o->n))
        o->failed = true;
    o->n = 0;
}

hf_status ex_out_end(ex_out *o)
{
    flush(o);
    return o->failed ? HF_E_FILE : HF_OK;
}

static void raw(ex_out *o, const char *p, size_t n)
{
    while (n != 0) {
        if (o->n == sizeof o->pending)
            flush(o);
        size_t part = sizeof o->pending - o->n;
        if (part > n)
            part = n;
        memcpy(o->pending + o->n, p, part);
        o->n += part;
        p += part;
        n -= part;
    }
}

void ex_put_n(ex_out *o, const char *p, size_t n)
{
    raw(o, p, n);
    for (size_t i = 0; i < n; i++) {
        if (p[i] == '\n')
            o->column = 0;
        else if (((uint8_t)p[i] & 0xc0) != 0x80) /* not a continuation byte of UTF-8 */
            o->column++;
    }
}

void ex_put(ex_out *o, const char *text)
{
    ex_put_n(o, text, strlen(text));
}

void ex_putf(ex_out *o, const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    ex_put(o, text);
}

void ex_fill(ex_out *o, char c, size_t n)
{
    while (n-- != 0)
        ex_put_n(o, &c, 1);
}

void ex_spaces(ex_out *o, size_t n)
{
    ex_fill(o, ' ', n);
}

void ex_to_column(ex_out *o, size_t column)
{
    if (o->column < column)
        ex_spaces(o, column - o->column);
}

void ex_paint(ex_out *o, const char *code)
{
    if (!o->color)
        return;
    raw(o, "\033[", 2);
    raw(o, code, strlen(code));
    raw(o, "m", 1);
}

/* The length of the printing character at `p`, or 0: ASCII, or UTF-8 that neither controls the
 * terminal (C1) nor turns the direction of writing. */
static size_t printing(const uint8_t *p, size_t n)
{
    if (p[0] >= 0x20 && p[0] < 0x7f)
        return 1;
    size_t length = p[0] >= 0xc2 && p[0] < 0xe0 ? 2 : p[0] >= 0xe0 && p[0] < 0xf0 ? 3 : 0;
    if (length == 0 || n < length)
        return 0;
    uint32_t c = length == 2 ? p[0] & 0x1fu : p[0] & 0x0fu;
    for (size_t i = 1; i < length; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return 0;
        c = c << 6 | (p[i] & 0x3fu);
    }
    if (c < 0xa0 || (length == 3 && c < 0x800) || (c >= 0xd800 && c < 0xe000))
        return 0;
    if (c == 0x061c || (c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) ||
        (c >= 0x2060 && c <= 0x206f) || c == 0xfeff || c >= 0xfff0)
        return 0;
    return length;
}

char *ex_safe_n(char *to, size_t size, const uint8_t *p, size_t n)
{
    size_t at = 0;
    for (size_t i = 0; i < n;) {
        size_t length = printing(p + i, n - i);
        size_t need = length == 0 ? 4 : length;
        if (at + need + (i + (length == 0 ? 1 : length) < n ? 4 : 1) > size) {
            if (size >= 4) {
                at = at + 4 > size ? size - 4 : at;
                memcpy(to + at, "...", 3);
                at += 3;
            }
            break;
        }
        if (length == 0) {
            snprintf(to + at, 5, "\\x%02x", p[i]);
            i++;
        } else {
            memcpy(to + at, p + i, length);
            i += length;
        }
        at += need;
    }
    if (size != 0)
        to[at < size ? at : size - 1] = '\0';
    return to;
}

char *ex_safe(char *to, size_t size, const char *text)
{
    return ex_safe_n(to, size, (const uint8_t *)text, text == NULL ? 0 : strlen(text));
}

bool ex_is_text(const uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (p[i] < 0x20 || p[i] > 0x7e)
            return false;
    return n != 0;
}

static size_t columns(const char *p, size_t n)
{
    size_t count = 0;
    for (size_t i = 0; i < n; i++)
        count += ((uint8_t)p[i] & 0xc0) != 0x80;
    return count;
}

/* A word longer than a line is cut where it must; what is left of it is returned. */
static const char *put_long_word(ex_out *o, size_t indent, const char *text, size_t *n)
{
    size_t room = EX_WIDTH > o->column ? EX_WIDTH - o->column : 1;
    while (columns(text, *n) > room) {
        size_t part = 0;
        for (size_t seen = 0; part < *n; part++) {
            bool starts = ((uint8_t)text[part] & 0xc0) != 0x80;
            if (starts && seen == room)
                break;
            seen += starts;
        }
        ex_put_n(o, text, part);
        ex_put(o, "\n");
        ex_to_column(o, indent);
        text += part;
        *n -= part;
        room = EX_WIDTH - indent;
    }
    return text;
}

void ex_wrap(ex_out *o, size_t indent, const char *text)
{
    bool first = true;
    while (*(text += strspn(text, " ")) != '\0') {
        size_t n = strcspn(text, " ");
        size_t wide = columns(text, n) + !first;
        if (o->column > indent && o->column + wide > EX_WIDTH) {
            ex_put(o, "\n");
            ex_to_column(o, indent);
        } else if (!first) {
            ex_put(o, " ");
        }
        first = false;
        text = put_long_word(o, indent, text, &n);
        ex_put_n(o, text, n);
        text += n;
    }
    ex_put(o, "\n");
}

char *ex_number_text(char *to, size_t size, uint64_t n)
{
    char digits[24], text[32];
    int count = snprintf(digits, sizeof digits, "%llu", (unsigned long long)n);
    size_t at = 0;
    for (int i = 0; i < count; i++) {
        if (i != 0 && (count - i) % 3 == 0)
            text[at++] = ',';
        text[at++] = digits[i];
    }
    text[at] = '\0';
    snprintf(to, size, "%s", text);
    return to;
}

char *ex_size_text(char *to, size_t size, uint64_t bytes)
{
    char number[32];
    ex_number_text(number, sizeof number, bytes);
    snprintf(to, size, "%s byte%s", number, bytes == 1 ? "" : "s");
    return to;
}

char *ex_time_text(char *to, size_t size, int64_t ns)
{
    if (ns < 0)
        ns = 0;
    double ms = (double)ns / 1e6;
    if (ms >= 10000)
        snprintf(to, size, "%.1f s", ms / 1000);
    else
        snprintf(to, size, ms >= 100 ? "%.0f ms" : ms >= 1 ? "%.1f ms" : "%.2f ms", ms);
    return to;
}

char *ex_date_text(char *to, size_t size, int64_t s, bool with_time)
{
    ex_date d = ex_date_of(s);
    if (with_time)
        snprintf(to, size, "%04lld-%02u-%02uT%02u:%02u:%02uZ", (long long)d.year, d.month, d.day,
                 d.hour, d.minute, d.second);
    else
        snprintf(to, size, "%04lld-%02u-%02u", (long long)d.year, d.month, d.day);
    return to;
}
