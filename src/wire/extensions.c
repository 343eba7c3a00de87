/* extensions.c: walks a list of extensions in and out by the grid, and the lists inside them. */
#include "wire/extensions.h"

#include "wire/extension_grid.h"

/* A message may carry this many extensions. All that are registered are fewer; without a bound, the
 * search for duplicates would cost the square of what an attacker sends. */
#define EXTENSIONS_MAX 256U

uint16_t hf_ext_type(hf_ext which)
{
    return hf_ext_grid[which].type;
}

unsigned hf_ext_allowed_in(hf_ext which)
{
    return hf_ext_grid[which].allowed;
}

/* The index of `type` in the grid, or HF_X_COUNT. */
static unsigned index_of(uint16_t type)
{
    unsigned i = 0;
    while (i < HF_X_COUNT && hf_ext_grid[i].type != type)
        i++;
    return i;
}

/* ---- parsing ---- */

/* The types that this list had so far. */
typedef struct seen {
    size_t count;
    uint32_t known;
    size_t unknown_count;
    uint16_t unknown[EXTENSIONS_MAX];
} seen;

/* True when `type` stood in the list before; remembers it. */
static bool seen_before(seen *s, uint16_t type, unsigned index)
{
    if (index < HF_X_COUNT) {
        bool twice = (s->known & HF_X_BIT(index)) != 0;
        s->known |= HF_X_BIT(index);
        return twice;
    }
    for (size_t i = 0; i < s->unknown_count; i++)
        if (s->unknown[i] == type)
            return true;
    s->unknown[s->unknown_count++] = type;
    return false;
}

/* Form that concerns the list as a whole; false (and failed) when it is broken. */
static bool judge_place(hf_reader *list, seen *s, uint16_t type, unsigned index)
{
    if (s->count++ == EXTENSIONS_MAX) {
        hf_reader_fail(list, HF_E_DECODE, "extensions");
        return false;
    }
    if (seen_before(s, type, index)) {
        const char *name = hf_extension_name(type);
        hf_reader_fail(list, HF_E_DUPLICATE_EXTENSION, name != NULL ? name : "extension_type");
        return false;
    }
    return true;
}

static void note_forbidden(hf_extensions *x, uint16_t type)
{
    if (!x->has_forbidden)
        x->forbidden = type;
    x->has_forbidden = true;
}

static void note_unknown(hf_extensions *x, uint16_t type)
{
    if (!x->has_unknown)
        x->unknown = type;
    x->has_unknown = true;
}

/* extension_data of an extension that belongs here. A failure of the data as a whole is told by the
 * extension's name: "extension_data" alone would not say which. */
static void parse_data(hf_reader *list, hf_extensions *x, unsigned in, unsigned index)
{
    const hf_ext_row *row = &hf_ext_grid[index];
    hf_reader data;
    hf_read_sub16(list, &data, "extension_data");
    bool began = !data.failed;
    row->parse(&data, x, in);
    if (hf_reader_done(&data))
        x->present |= HF_X_BIT(index);
    else if (began && data.failed_name == data.name)
        for (hf_reader *r = &data; r != NULL; r = r->parent)
            r->failed_name = row->name;
}

static void parse_one(hf_reader *list, hf_extensions *x, unsigned in, seen *s)
{
    hf_read_open(list, "Extension");
    uint16_t type = hf_read_u16(list, "extension_type");
    if (list->failed)
        return;
    unsigned index = index_of(type);
    if (!judge_place(list, s, type, index))
        return;
    if (in == HF_IN_CLIENT_HELLO && hf_ext_has(x, HF_X_PRE_SHARED_KEY))
        x->psk_not_last = true;
    if (index < HF_X_COUNT && (hf_ext_grid[index].allowed & in) != 0) {
        parse_data(list, x, in, index);
    } else {
        hf_read_vec16(list, "extension_data");
        if (index < HF_X_COUNT)
            note_forbidden(x, type);
        else
            note_unknown(x, type);
    }
    hf_read_close(list, "Extension");
}

void hf_extensions_parse(hf_reader *r, hf_extensions *x, unsigned in)
{
    hf_reader list;
    seen s;
    s.count = s.known = 0;
    s.unknown_count = 0; /* s.unknown needs no zeros: it is read up to its count */
    *x = (hf_extensions){0};
    hf_read_sub16(r, &list, "extensions");
    while (hf_reader_more(&list))
        parse_one(&list, x, in, &s);
    hf_reader_done(&list);
}

/* ---- building ---- */

static void build_one(hf_writer *w, const hf_extensions *x, unsigned in, unsigned index)
{
    const hf_ext_row *row = &hf_ext_grid[index];
    if ((row->allowed & in) == 0) { /* a mistake of this side's own: nothing goes out */
        if (!w->failed)
            w->why = HF_E_INTERNAL;
        w->failed = true;
        return;
    }
    hf_write_u16(w, row->type);
    size_t data = hf_write_open(w, 2);
    row->build(w, x, in);
    hf_write_close(w, data, 2);
}

static void build_grease(hf_writer *w, uint16_t type, size_t n)
{
    if (type == 0)
        return;
    hf_write_u16(w, type);
    hf_write_u16(w, (uint16_t)n);
    hf_write_zeros(w, n);
}

/* The first GREASE extension is empty and the last is not, so that both forms are exercised; the
 * last stands before padding, whose length may depend on it, and pre_shared_key, which must end the
 * list. */
void hf_extensions_build(hf_writer *w, const hf_extensions *x, unsigned in)
{
    size_t list = hf_write_open(w, 2);
    build_grease(w, x->grease_first, 0);
    for (unsigned i = 0; i < HF_X_COUNT; i++) {
        if (i == HF_X_PADDING)
            build_grease(w, x->grease_last, 1);
        if ((x->present & HF_X_BIT(i)) != 0)
            build_one(w, x, in, i);
    }
    hf_write_close(w, list, 2);
}

/* ---- walking lists that parsed ---- */

bool hf_u16s_have(hf_bytes list, uint16_t value)
{
    for (size_t i = 0; i < hf_u16s_count(list); i++)
        if (hf_u16s_at(list, i) == value)
            return true;
    return false;
}

/* Ends the reading of one item: `*rest` is what comes after it, or nothing after a failure. */
static bool next(const hf_reader *r, hf_bytes *rest)
{
    *rest = r->failed ? (hf_bytes){NULL, 0} : (hf_bytes){r->p + r->at, r->n - r->at};
    return !r->failed;
}

bool hf_key_share_next(hf_bytes *rest, uint16_t *group, hf_bytes *key_exchange)
{
    if (rest->n == 0)
        return false;
    hf_reader r;
    hf_reader_init(&r, *rest, NULL);
    *group = hf_read_u16(&r, "group");
    *key_exchange = hf_read_vec16(&r, "key_exchange");
    return next(&r, rest);
}

bool hf_item8_next(hf_bytes *rest, hf_bytes *item)
{
    if (rest->n == 0)
        return false;
    hf_reader r;
    hf_reader_init(&r, *rest, NULL);
    *item = hf_read_vec8(&r, "item");
    return next(&r, rest);
}

bool hf_item16_next(hf_bytes *rest, hf_bytes *item)
{
    if (rest->n == 0)
        return false;
    hf_reader r;
    hf_reader_init(&r, *rest, NULL);
    *item = hf_read_vec16(&r, "item");
    return next(&r, rest);
}

bool hf_psk_identity_next(hf_bytes *rest, hf_bytes *identity, uint32_t *obfuscated_ticket_age)
{
    if (rest->n == 0)
        return false;
    hf_reader r;
    hf_reader_init(&r, *rest, NULL);
    *identity = hf_read_vec16(&r, "identity");
    *obfuscated_ticket_age = hf_read_u32(&r, "obfuscated_ticket_age");
    return next(&r, rest);
}
