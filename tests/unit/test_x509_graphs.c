/* test_x509_graphs.c: path building over graphs of authorities. Each graph is judged with each of
 * its edges (certificates) broken in each way, from each node as the anchor, with the peer's list
 * in several orders; what must come of it is computed apart, by walking the graph. RFC 4158 has the
 * shapes. */
#include "unit/x509_run.h"

/* Edges "issuer>subject", one letter a node; '$' is the leaf. */
static const char *const graphs[] = {
    /* a line */
    "A>B B>$",
    /* one authority under two roots, and a cross-signed one under three */
    "A>C B>C C>$",
    "A>D B>D C>D D>E E>$",
    /* RFC 4158 section 2.3, figure 7: the two in the middle sign each other */
    "T>A T>C A>C C>A A>B C>B B>$",
    /* three that all sign each other: A <-> B <-> C, and the leaf below a fourth */
    "R>A A>B B>A B>C C>B A>C C>A A>D D>$",
    /* RFC 4158 section 2.4: four infrastructures and a bridge */
    ("F>H F>G G>F H>I I>H G>I W>F W>G J>K N>$ L>N L>M X>J X>L B>E B>D A>B C>B A>C C>A Y>A Y>C "
     "R>S O>R O>Q P>S Z>O Z>P W>V V>W X>V V>X Y>V V>Y Z>V V>Z"),
};

enum { MOST_EDGES = 48 };

typedef struct graph {
    char from[MOST_EDGES], to[MOST_EDGES];
    size_t edges;
    char nodes[32];
} graph;

static graph parse_graph(const char *text)
{
    graph g = {.edges = 0};
    for (; *text != '\0'; text += text[3] == '\0' ? 3 : 4) {
        g.from[g.edges] = text[0];
        g.to[g.edges++] = text[2];
        for (int i = 0; i <= 2; i += 2)
            if (text[i] != '$' && strchr(g.nodes, text[i]) == NULL)
                g.nodes[strlen(g.nodes)] = text[i];
    }
    return g;
}

/* Does a way lead from `node` down to the leaf, without the edge `broken`? */
static bool leads_down(const graph *g, char node, size_t broken, char *been)
{
    if (node == '$')
        return true;
    if (strchr(been, node) != NULL)
        return false;
    been[strlen(been)] = node;
    for (size_t i = 0; i < g->edges; i++)
        if (g->from[i] == node && i != broken && leads_down(g, g->to[i], broken, been))
            return true;
    return false;
}

static bool reachable(const graph *g, char anchor, size_t broken)
{
    char been[32] = "";
    return leads_down(g, anchor, broken, been);
}

/* ---- certificates for edges ---- */

typedef enum flaw {
    SOUND,
    EXPIRED,
    NOT_YET,
    NO_AUTHORITY,
    NO_BASIC_CONSTRAINTS,
    OTHER_PURPOSE,
    OTHER_USAGE,
    OTHER_NAMES,
    UNKNOWN_CRITICAL,
    OTHER_SIGNATURE,
    FLAWS
} flaw;

static unsigned key_of(char node)
{
    return node == '$' ? 0 : 1U + (unsigned)(node - 'A');
}

static void spoil(order *o, flaw f, uint8_t room[200])
{
    static const hf_bytes critical =
        BYTES("\x30\x0c\x06\x03\x2a\x03\x04\x01\x01\xff\x04\x02\x05\x00");
    switch (f) {
    case EXPIRED:
        o->to_s = NOW - 1;
        break;
    case NOT_YET:
        o->from_s = NOW + 1;
        break;
    case NO_AUTHORITY:
        o->ca = false;
        o->usage = HF_KEY_USAGE_keyCertSign;
        break;
    case NO_BASIC_CONSTRAINTS:
        o->no_basic = true;
        break;
    case OTHER_PURPOSE:
        o->purposes = "\x06\x08\x2b\x06\x01\x05\x05\x07\x03\x04"; /* emailProtection */
        o->purposes_n = 10;
        break;
    case OTHER_USAGE:
        o->usage = HF_KEY_USAGE_cRLSign;
        break;
    case OTHER_NAMES:
        o->extra = constraint(room, 0, 0x82, (hf_bytes)BYTES("bad.example.com"));
        break;
    case UNKNOWN_CRITICAL:
        o->extra = critical;
        break;
    case OTHER_SIGNATURE:
        o->signer = 28;
        break;
    default:
        break;
    }
}

static hf_cert make_edge(char from, char to, flaw f)
{
    uint8_t room[200];
    char subject[8], issuer[8];
    snprintf(subject, sizeof(subject), "CN=%c", to == '$' ? 'l' : to);
    snprintf(issuer, sizeof(issuer), "CN=%c", from);
    order o = {.subject = subject,
               .issuer = issuer,
               .key = key_of(to),
               .signer = key_of(from),
               .ca = to != '$',
               .names = to == '$' ? host_names : NULL};
    spoil(&o, f, room);
    return made_cert(&o);
}

/* A flaw that only an authority can have. */
static bool fits(flaw f, char to)
{
    return to != '$' || f == EXPIRED || f == NOT_YET || f == OTHER_PURPOSE ||
           f == UNKNOWN_CRITICAL || f == OTHER_SIGNATURE;
}

/* The list in one of several orders, the leaf first; `*broken` may take the place of an edge. */
static void fill(run *r, const graph *g, const hf_cert *sound, size_t broken, const hf_cert *spoilt,
                 int how)
{
    static uint32_t lot = 1;
    r->count = 1;
    for (size_t k = 0; k < g->edges; k++) {
        size_t i = how == 0 ? k : how == 1 ? g->edges - 1 - k : (k + g->edges / 2) % g->edges;
        const hf_cert *c = i == broken ? spoilt : &sound[i];
        if (g->to[i] == '$')
            r->chain[0] = *c;
        else
            r->chain[r->count++] = *c;
    }
    for (size_t k = r->count; how == 3 && k > 2; k--) { /* a shuffle that is the same every time */
        lot = lot * 1664525 + 1013904223;
        size_t other = 1 + (lot >> 8) % (k - 1);
        hf_cert t = r->chain[k - 1];
        r->chain[k - 1] = r->chain[other];
        r->chain[other] = t;
    }
}

static size_t check_graph(const char *text)
{
    graph g = parse_graph(text);
    static hf_cert sound[MOST_EDGES];
    size_t judged = 0;
    hf_signature_cache *cache;
    assert_int_equal(hf_signature_cache_new(4096, &cache, NULL), HF_OK);
    for (size_t i = 0; i < g.edges; i++)
        sound[i] = make_edge(g.from[i], g.to[i], SOUND);
    for (const char *anchor = g.nodes; *anchor != '\0'; anchor++) {
        char name[8];
        snprintf(name, sizeof(name), "CN=%c", *anchor);
        order o = {.subject = name, .key = key_of(*anchor), .signer = key_of(*anchor), .ca = true};
        run *r = start(&o);
        r->params.signatures = cache;
        for (size_t broken = 0; broken <= g.edges; broken++) {
            flaw f = (flaw)(1 + (broken + (size_t)(anchor - g.nodes)) % (FLAWS - 1));
            while (broken < g.edges && !fits(f, g.to[broken]))
                f = (flaw)(1 + f % (FLAWS - 1));
            hf_cert spoilt = {.version = 0};
            if (broken < g.edges)
                spoilt = make_edge(g.from[broken], g.to[broken], f);
            for (int how = 0; how < 4; how++, judged++) {
                fill(r, &g, sound, broken, &spoilt, how);
                hf_status s = verdict(r);
                if ((s == HF_OK) != reachable(&g, *anchor, broken))
                    fail_msg("%s from %c, edge %zu with flaw %d, order %d: %s, %s", text, *anchor,
                             broken, (int)f, how, hf_error_name(s), r->seen.names);
            }
        }
        end(r);
        if (made_count > MADE / 2)
            break; /* of the bridge, half the nodes do as anchors */
    }
    hf_signature_cache_free(cache);
    return judged;
}

static void finds_a_path_exactly_when_there_is_one(void **state)
{
    (void)state;
    size_t judged = 0;
    for (size_t i = 0; i < COUNT(graphs); i++) {
        judged += check_graph(graphs[i]);
        made_free();
    }
    printf("%zu verdicts\n", judged);
    assert_true(judged > 1000);
}

/* Every flaw by itself on the one edge that all depends on: none is let pass. */
static void every_flaw_breaks_a_line(void **state)
{
    (void)state;
    graph g = parse_graph(graphs[0]);
    order root = {.subject = "CN=A", .key = key_of('A'), .signer = key_of('A'), .ca = true};
    hf_cert sound[2] = {make_edge('A', 'B', SOUND), make_edge('B', '$', SOUND)};
    for (size_t edge = 0; edge < 2; edge++)
        for (int f = SOUND; f < FLAWS; f++) {
            if (!fits((flaw)f, g.to[edge]) && f != SOUND)
                continue;
            hf_cert spoilt = make_edge(g.from[edge], g.to[edge], (flaw)f);
            run *r = start(&root);
            fill(r, &g, sound, edge, &spoilt, 0);
            hf_status s = verdict(r);
            if ((s == HF_OK) != (f == SOUND))
                fail_msg("edge %zu, flaw %d: %s", edge, f, hf_error_name(s));
            end(r);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        MADE_TEST(finds_a_path_exactly_when_there_is_one),
        MADE_TEST(every_flaw_breaks_a_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
