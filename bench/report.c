/* report.c: rows as a table on the terminal and as JSON. */
#include "report.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static json_t *rows;

/* ---- series ---- */

void bench_series_add(bench_series *s, double value)
{
    if (s->count < BENCH_MAX_ROUNDS)
        s->values[s->count++] = value;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double bench_series_median(bench_series *s)
{
    qsort(s->values, s->count, sizeof(double), by_value);
    return s->count == 0 ? 0 : s->values[s->count / 2];
}

double bench_series_spread(bench_series *s)
{
    double m = bench_series_median(s);
    if (s->count < 4 || m <= 0)
        return 0;
    return 50 * (s->values[s->count * 3 / 4] - s->values[s->count / 4]) / m;
}

/* ---- rows ---- */

void bench_report_head(void)
{
    rows = json_array();
    printf("%-26s", "");
    for (size_t i = 0; i < bench_peer_count; i++)
        printf("%13s        ", bench_peers[i]->name);
    printf("   ratio  unit\n");
}

/* The name of a peer's figure: libssl's may be of other work. */
static void key_of(size_t peer, const char *against, char key[64])
{
    if (peer == 1 && against != NULL)
        snprintf(key, 64, "%s_%s", bench_peers[peer]->name, against);
    else
        snprintf(key, 64, "%s", bench_peers[peer]->name);
}

static double figure(json_t *row, size_t peer)
{
    char key[64];
    key_of(peer, json_string_value(json_object_get(row, "ratio_to")), key);
    return json_number_value(json_object_get(row, key));
}

/* What a peer's figure is to libssl's, better being larger; 0: unknown. */
static double relative(json_t *row, size_t peer)
{
    double value = figure(row, peer), base = figure(row, 1);
    if (value <= 0 || base <= 0)
        return 0;
    return json_is_true(json_object_get(row, "less_is_better")) ? base / value : value / base;
}

void bench_report_row(const char *name, const char *unit, bench_series *of_peers,
                      bool less_is_better, const char *against)
{
    json_t *row = json_pack("{s:s,s:s,s:b}", "name", name, "unit", unit, "less_is_better",
                            (int)less_is_better);
    json_t *spread = json_object();
    if (against != NULL)
        json_object_set_new(row, "ratio_to", json_string(against));
    printf("%-26s", name);
    for (size_t i = 0; i < bench_peer_count; i++) {
        char key[64];
        double value = bench_series_median(&of_peers[i]);
        const char *mark = i == 1 && against != NULL ? "*" : " ";
        if (of_peers[i].count == 0) {
            printf("%13s        ", "-");
            continue;
        }
        key_of(i, against, key);
        printf(value < 100 ? "%13.2f ±%4.1f%%%s" : "%13.0f ±%4.1f%%%s", value,
               bench_series_spread(&of_peers[i]), mark);
        json_object_set_new(row, key, json_real(value));
        json_object_set_new(spread, key, json_real(bench_series_spread(&of_peers[i])));
    }
    double ratio = relative(row, 0);
    if (ratio > 0)
        json_object_set_new(row, "ratio", json_real(ratio));
    if (ratio > 0)
        printf("%7.2fx  %s\n", ratio, unit);
    else
        printf("%7s   %s\n", "-", unit);
    json_object_set_new(row, "spread_percent", spread);
    json_array_append_new(rows, row);
    fflush(stdout);
}

bool bench_report_json(const char *path)
{
    json_t *whole =
        json_pack("{s:O,s:I}", "rows", rows, "clock_cost_ns", (json_int_t)bench_clock_cost_ns());
    bool ok = json_dump_file(whole, path, JSON_INDENT(1) | JSON_REAL_PRECISION(6)) == 0;
    json_decref(whole);
    return ok;
}

void bench_report_free(void)
{
    json_decref(rows);
}

/* ---- the chart ---- */

enum { BAR = 12, GAP = 14, LEFT = 190, WIDTH = 760 };
static const char *const colours[BENCH_MAX_PEERS] = {"#0b6e4f", "#8a8f98", "#c98b2b", "#5b7db1",
                                                     "#a05195", "#444",    "#777",    "#aaa"};

/* Bars longer than the chart are cut and carry their figure. */
static void draw_row(FILE *f, json_t *row, double most, double *y)
{
    const char *name = json_string_value(json_object_get(row, "name"));
    fprintf(f, "<text x=\"%d\" y=\"%.0f\" text-anchor=\"end\">%s</text>\n", LEFT - 8, *y + BAR - 2,
            name);
    for (size_t i = 0; i < bench_peer_count; i++) {
        double r = relative(row, i);
        if (r <= 0)
            continue;
        double shown = r < most ? r : most, length = shown / most * (WIDTH - LEFT - 60);
        fprintf(f,
                "<rect x=\"%d\" y=\"%.0f\" width=\"%.1f\" height=\"%d\" fill=\"%s\"/>"
                "<text x=\"%.1f\" y=\"%.0f\" class=\"n\">%.2f</text>\n",
                LEFT, *y, length, BAR - 2, colours[i], LEFT + length + 4, *y + BAR - 3, r);
        *y += BAR;
    }
    *y += GAP;
}

bool bench_report_svg(const char *path)
{
    FILE *f = fopen(path, "w");
    size_t i, drawn = 0;
    json_t *row;
    double y = 56;
    if (f == NULL)
        return false;
    json_array_foreach (rows, i, row)
        if (relative(row, 0) > 0)
            drawn++;
    fprintf(f,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %zu\" "
            "font-family=\"sans-serif\" font-size=\"11\">\n"
            "<style>.n{font-size:9px;fill:#555}</style><rect width=\"100%%\" height=\"100%%\" "
            "fill=\"white\"/>\n<text x=\"8\" y=\"18\" font-size=\"14\">handfast and its peers: "
            "times better than libssl (libssl is 1)</text>\n",
            WIDTH, 70 + drawn * (bench_peer_count * BAR + GAP));
    for (i = 0; i < bench_peer_count; i++)
        fprintf(f,
                "<rect x=\"%zu\" y=\"28\" width=\"10\" height=\"10\" fill=\"%s\"/>"
                "<text x=\"%zu\" y=\"37\">%s</text>\n",
                8 + i * 90, colours[i], 22 + i * 90, bench_peers[i]->name);
    json_array_foreach (rows, i, row)
        if (relative(row, 0) > 0)
            draw_row(f, row, 6, &y);
    fprintf(f, "</svg>\n");
    return fclose(f) == 0;
}
