/* Pages of results: nothing but text and shapes comes through from results and drawings, tags are
 * balanced, ids are unique, answers are computed from the numbers, and what is missing is said. */
#include "scratch.h"

#include <ctype.h>
#include <stdbool.h>
#include <strings.h>

#include "../src/report/html.h"
#include "maskinfo/document.h"
#include "program.h"

enum { NAME = 64, DEPTH = 128, IDS = 512 };

/* What a browser would take from a page: open elements, ids, and what must not be there. */
typedef struct scan {
    const char *at;
    char open[DEPTH][NAME];
    size_t depth;
    char ids[IDS][NAME];
    size_t id_count;
} scan;

static const char *const void_elements[] = {"meta", "link", "img", "br"};
static const char *const known[] = {
    "html", "head",    "body",    "meta",       "link",    "title",   "style",    "header",
    "main", "nav",     "section", "footer",     "h1",      "h2",      "h3",       "p",
    "div",  "ol",      "li",      "a",          "figure",  "strong",  "span",     "code",
    "br",   "details", "summary", "figcaption", "pre",     "dl",      "dt",       "dd",
    "img",  "table",   "caption", "thead",      "tbody",   "tr",      "th",       "td",
    "svg",  "g",       "defs",    "path",       "polygon", "rect",    "circle",   "text",
    "use",  "tspan",   "filter",  "feFlood",    "line",    "ellipse", "polyline", "feComposite"};

static bool among(const char *const *names, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(names[i], name) == 0) {
            return true;
        }
    }
    return false;
}

static void take_name(scan *s, char name[NAME])
{
    size_t length = strcspn(s->at, " \n\t/>=");
    assert_in_range(length, 1, NAME - 1);
    snprintf(name, NAME, "%.*s", (int)length, s->at);
    s->at += length;
}

static void take_attribute(scan *s)
{
    char name[NAME];
    take_name(s, name);
    assert_int_not_equal(strncasecmp(name, "on", 2), 0);
    if (*s->at != '=') {
        return;
    }
    assert_int_equal(s->at[1], '"');
    const char *value = s->at + 2, *end = strchr(value, '"');
    assert_non_null(end);
    if (strcmp(name, "id") == 0) {
        for (size_t i = 0; i < s->id_count; i++) {
            assert_false(strlen(s->ids[i]) == (size_t)(end - value) &&
                         strncmp(s->ids[i], value, (size_t)(end - value)) == 0);
        }
        assert_in_range(s->id_count, 0, IDS - 1);
        snprintf(s->ids[s->id_count++], NAME, "%.*s", (int)(end - value), value);
    }
    if (strcmp(name, "href") == 0 || strcmp(name, "src") == 0) {
        assert_true(*value == '#' || strncmp(value, "data:,", 6) == 0 ||
                    strncmp(value, "data:image/png;base64,", 22) == 0);
    }
    s->at = end + 1;
}

static void take_open(scan *s)
{
    char name[NAME];
    take_name(s, name);
    if (!among(known, sizeof known / sizeof *known, name)) {
        fail_msg("<%s>", name);
    }
    while (s->at += strspn(s->at, " \n\t"), *s->at != '>' && strncmp(s->at, "/>", 2) != 0) {
        take_attribute(s);
    }
    bool closed = *s->at == '/' || among(void_elements, 4, name);
    s->at += *s->at == '/' ? 2 : 1;
    if (!closed) {
        assert_in_range(s->depth, 0, DEPTH - 1);
        snprintf(s->open[s->depth++], NAME, "%s", name);
    }
    if (strcmp(name, "style") == 0) {
        s->at = strstr(s->at, "</style>");
    }
}

static void take_close(scan *s)
{
    char name[NAME];
    take_name(s, name);
    assert_true(s->depth > 0);
    assert_string_equal(s->open[--s->depth], name);
    assert_int_equal(*s->at++, '>');
}

/* Reads a whole page; fails where it is not well made, or holds what must not be there. */
static void check_page(const char *page)
{
    static scan s;
    memset(&s, 0, sizeof s);
    s.at = page;
    assert_int_equal(strncmp(s.at, "<!DOCTYPE html>", 15), 0);
    s.at += 15;
    while ((s.at = strchr(s.at, '<')) != NULL) {
        s.at++;
        if (*s.at == '/') {
            s.at++;
            take_close(&s);
        } else {
            take_open(&s);
        }
    }
    assert_int_equal(s.depth, 0);
}

/* The page of one result that is in a folder; free(). */
static char *page_of(const char *text, const char *folder)
{
    char *page = NULL;
    size_t size = 0;
    mi_status status = {.code = MI_OK};
    cJSON *result = cJSON_Parse(text);
    assert_non_null(result);
    const mi_page_result one = {folder, result, NULL};
    mi_code code = mi_html_page(&one, 1, &page, &size, &status);
    assert_string_equal(status.message, "");
    assert_int_equal(code, MI_OK);
    assert_int_equal(strlen(page), size);
    cJSON_Delete(result);
    check_page(page);
    return page;
}

static void assert_says(const char *page, const char *text)
{
    if (strstr(page, text) == NULL) {
        fail_msg("the page does not say \"%s\"", text);
    }
}

static void assert_silent(const char *page, const char *text)
{
    if (strstr(page, text) != NULL) {
        fail_msg("the page says \"%s\"", text);
    }
}

static void put_file(const char *folder, const char *name, const char *text)
{
    char path[2 * SCRATCH_PATH];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    write_text(path, text);
}

#define POINTS                                                                                     \
    "\"points\":[{\"ratio\":0.25,\"conditional_entropy\":1,\"information\":1.5},"                  \
    "{\"ratio\":0.5,\"conditional_entropy\":1.25,\"information\":1.25},"                           \
    "{\"ratio\":0.75,\"conditional_entropy\":2,\"information\":0.5}]"
#define OPTIMUM(r, low, high)                                                                      \
    "\"optimum\":{\"ratio\":" r ",\"low\":" low ",\"high\":" high ",\"objective\":0.6}"
#define FITS                                                                                       \
    "\"preferred_fit\":\"power\",\"fits\":{\"exponential\":{\"amplitude\":2,\"rate\":1.25,"        \
    "\"r_squared\":0.75,\"aicc\":-10,\"optimal_ratio\":0.8,\"corner\":false},\"power\":{"          \
    "\"amplitude\":2,\"exponent\":0.5,\"r_squared\":0.96,\"aicc\":-20,\"optimal_ratio\":0.66,"     \
    "\"corner\":false}}"
/* Text is what has a vocabulary and is no field. */
#define CURVE(dimensions, r, low, high)                                                            \
    "\"experiment\":\"curve\",\"label\":\"one\",\"vocabulary\":27,\"dimensions\":" dimensions      \
    "," POINTS "," FITS "," OPTIMUM(r, low, high)

static void hostile_text_stays_text(void **state)
{
    static const char hostile[] = "</title></pre></style><script>alert(1)</script>"
                                  "<img src=x onerror=alert(2)>\\\" onload=\\\"x' \\u0001\\u007f";
    char text[4000];
    snprintf(text, sizeof text,
             "{\"experiment\":\"compare\",\"title\":\"%s\",\"question\":\"%s\",\"maskinfo\":\"%s\","
             "\"units\":\"%s\",\"config\":{\"%s\":\"%s\"},\"files\":[\"%s.svg\"],\"timing\":{"
             "\"command\":[\"%s\"],\"machine\":{\"processor\":\"%s\"}},\"curves\":[{\"label\":\"%s"
             "\",\"misfit\":{\"detected\":true,\"message\":\"%s\"}," POINTS "}]}",
             hostile, hostile, hostile, hostile, hostile, hostile, hostile, hostile, hostile,
             hostile, hostile);
    char *page = page_of(text, *state);
    assert_silent(page, "<script");
    assert_silent(page, "<img");
    assert_silent(page, "\x01");
    assert_says(page, "&lt;script&gt;alert(1)&lt;/script&gt;");
    free(page);
}

static void broken_letters_are_replaced(void **state)
{
    (void)state;
    char *text = NULL;
    size_t size = 0;
    FILE *page = open_memstream(&text, &size);
    mi_html_text(page, "a\xff\xc3(\xf0\x9f\x98\x80\n\tb&\"'<>");
    fclose(page);
    assert_string_equal(text, "a\?\?(?\n b&amp;&quot;&#39;&lt;&gt;");
    free(text);
}

#define SVG(content)                                                                               \
    "<?xml version=\"1.0\"?>\n<!-- <script> -->\n<svg width=\"9\" height=\"9\" viewBox=\"0 0 9 "   \
    "9\" "                                                                                         \
    "xmlns=\"http://www.w3.org/2000/svg\">" content "</svg>\n"

static bool inlined(const char *svg, char reason[96], char **ret_text)
{
    size_t size = 0;
    const mi_drawing drawing = {"p-", "what <it> shows"};
    FILE *page = open_memstream(ret_text, &size);
    reason[0] = '\0';
    bool good = mi_svg_inline(page, &drawing, svg, strlen(svg), reason);
    fclose(page);
    return good;
}

static void drawings_are_written_anew(void **state)
{
    (void)state;
    char reason[96], *text = NULL;
    assert_true(
        inlined(SVG("<title>Gnuplot</title><defs><circle id='a' r='1'/><path id='b' d='M0'/>"
                    "</defs><g id='c' filter='url(#a)'><use xlink:href='#a' "
                    "transform='translate(1,2)'/><text xml:space='preserve'>x &lt; "
                    "1</text></g>"),
                reason, &text));
    assert_string_equal(
        text, "<svg role=\"img\" aria-labelledby=\"p-t\" viewBox=\"0 0 9 9\"><title id=\"p-t\">"
              "what &lt;it&gt; shows</title><defs><circle id=\"p-a\" r=\"1\"/><path d=\"M0\"/>"
              "</defs><g filter=\"url(#p-a)\"><use href=\"#p-a\" transform=\"translate(1,2)\"/>"
              "<text xml:space=\"preserve\">x &lt; 1</text></g></svg>");
    free(text);
}

static void hostile_drawings_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *svg, *reason;
    } cases[] = {{SVG("<script>alert(1)</script>"), "element script"},
                 {SVG("<SCRIPT>alert(1)</SCRIPT>"), "element SCRIPT"},
                 {SVG("<foreignObject><b>x</b></foreignObject>"), "element foreignObject"},
                 {SVG("<style>*{fill:url(http://x)}</style>"), "element style"},
                 {SVG("<image href=\"http://x/y.png\"/>"), "element image"},
                 {SVG("<a href=\"#a\"><text>x</text></a>"), "element a"},
                 {SVG("<animate attributeName='href'/>"), "element animate"},
                 {SVG("<set attributeName='onload' to='alert(1)'/>"), "element set"},
                 {SVG("<g onload=\"alert(1)\"/>"), "attribute onload"},
                 {SVG("<g style=\"fill:red\"/>"), "attribute style"},
                 {SVG("<use href=\"http://x/y.svg#a\"/>"), "reference"},
                 {SVG("<use xlink:href=\"javascript:alert(1)\"/>"), "reference"},
                 {SVG("<use href=\"data:image/svg+xml,x\"/>"), "reference"},
                 {SVG("<g fill=\"url(http://x)\"/>"), "reference"},
                 {SVG("<g fill=\"url(#a) url(http://x)\"/>"), "reference"},
                 {SVG("<g fill=\"u\\72l(http://x)\"/>"), "reference"},
                 {SVG("<g fill=\"&#117;rl(http://x)\"/>"), "reference"},
                 {SVG("<g fill=\"url\\28http:x\"/>"), "reference"},
                 {SVG("<g fill=\"url&#40;http://x&#41;\"/>"), "reference"},
                 {SVG("<g fill=\"rgb(0,0,0) url(http://x)\"/>"), "reference"},
                 {SVG("<g fill=\"rgb(0,0,0)url(#a)\"/>"), "reference"},
                 {SVG("<g fill=\"rgb(var(--a))\"/>"), "reference"},
                 {SVG("<g fill=\"rgb(0,0,0\"/>"), "reference"},
                 {SVG("<g transform=\"url(http://x)\"/>"), "reference"},
                 {SVG("<g id=\"a&quot; b\"/>"), "id"},
                 {SVG("<g fill=\"<\"/>"), "malformed text"},
                 {SVG("<text>&bomb;</text>"), "malformed text"},
                 {SVG("<title><b>x</b></title>"), "markup in a title"},
                 {SVG("text"), "outside of a text"},
                 {SVG("<g><text>x</g></text>"), "in order"},
                 {SVG("<svg/>"), "misplaced"},
                 {SVG("<?php x?>"), "processing"},
                 {SVG("<text><![CDATA[<script>]]></text>"), "declaration"},
                 {"<!DOCTYPE svg [<!ENTITY a \"b\">]><svg viewBox=\"0\"></svg>", "declaration"},
                 {"<svg viewBox=\"0\"><g>", "too early"},
                 {"<svg viewBox=\"0", "malformed"},
                 {"<svg></svg><script/>", "element script"},
                 {"<svg></svg><g/>", "misplaced"},
                 {"<svg></svg><svg></svg>", "misplaced"},
                 {"<svg/><svg/>", "misplaced"},
                 {"<p>x</p>", "element p"},
                 {"", "too early"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char reason[96], *text = NULL;
        if (inlined(cases[i].svg, reason, &text) || strstr(reason, cases[i].reason) == NULL) {
            fail_msg("%s: \"%s\"", cases[i].svg, reason);
        }
        free(text);
    }
}

static void deep_drawings_are_refused(void **state)
{
    (void)state;
    for (int deep = 63; deep <= 64; deep++) { /* the root is one level more */
        char svg[2000] = "<svg viewBox=\"0\">", reason[96], *text = NULL;
        for (int i = 0; i < deep; i++) {
            strcat(svg, "<g>");
        }
        for (int i = 0; i < deep; i++) {
            strcat(svg, "</g>");
        }
        strcat(svg, "</svg>");
        bool good = inlined(svg, reason, &text);
        assert_int_equal(good, deep == 63);
        assert_true(good || strstr(reason, "misplaced") != NULL);
        free(text);
    }
}

/* Numbers stand on the right; what only starts like one does not. */
static void numbers_are_told_from_words(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool number;
    } cases[] = {{"0.5", true},        {"-1e-05", true},       {"12.5 %", true},
                 {"0.5 ± 0.1", true},  {"1 (0.9–1.1)", true},  {"2D Ising", false},
                 {"3 healthy", false}, {"-", false},           {"", false},
                 {"-rf", false},       {"0.4 to 0.6 m", false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *text = NULL;
        size_t size = 0;
        FILE *page = open_memstream(&text, &size);
        mi_html_cell(page, false, cases[i].text);
        fclose(page);
        if ((strstr(text, "class=\"n\"") != NULL) != cases[i].number) {
            fail_msg("%s", text);
        }
        free(text);
    }
}

/* Two figures that use the same ids, one that is missing, one that is hostile but has a PNG, and
 * names that lead elsewhere. */
static void figures_stand_in_the_page(void **state)
{
    static const unsigned char png[] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n', 0,
                                        0,    0,   13,  'I', 'H',  'D',  'R',  0,    0,
                                        0,    5,   0,   0,   0,    7,    8,    2,    0};
    char path[SCRATCH_PATH];
    put_file(*state, "information.svg", SVG("<path id='a' d='M0'/><use href='#a'/>"));
    put_file(*state, "joint.svg", SVG("<path id='a' d='M1'/><use href='#a'/>"));
    put_file(*state, "masks.svg", SVG("<script/>"));
    put_file(*state, "secret.svg", SVG("<text>secret</text>"));
    snprintf(path, sizeof path, "%s/masks.png", (char *)*state);
    write_bytes(path, png, sizeof png);
    snprintf(path, sizeof path, "%s/sub", (char *)*state);
    assert_int_equal(mkdir(path, 0700), 0);
    char *page = page_of(
        "{" CURVE("2", "0.5", "0.4",
                  "0.6") ",\"files\":[\"result.json\","
                         "\"information.svg\",\"information.png\",\"joint.svg\",\"masks.svg\","
                         "\"objective.gp\",\"../secret.svg\",\"a b.svg\",7]}",
        path);
    assert_silent(page, "secret");
    free(page);
    page = page_of(
        "{" CURVE("2", "0.5", "0.4", "0.6") ",\"files\":[\"information.svg\","
                                            "\"joint.svg\",\"masks.svg\",\"objective.gp\"]}",
        *state);
    assert_says(page, "id=\"r0-f0-a\" d=\"M0\"");
    assert_says(page, "id=\"r0-f1-a\" d=\"M1\"");
    assert_says(page, "<img alt=\"Plots that answer: Which sites does each strategy hide?");
    assert_says(page, "width=\"5\" height=\"7\" "
                      "src=\"data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAUAAAAHCAIA\">");
    assert_says(page, "The picture is missing: neither objective.svg nor .png could be used");
    assert_says(page, "How much do visible tokens tell about a masked one?");
    assert_says(page, "what the visible sites tell about a masked one");
    free(page);
}

/* Neither what is no PNG nor what is too short to be one. */
static void pictures_that_are_none_are_left_out(void **state)
{
    static const unsigned char png[] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n', 0,
                                        0,    0,   13,  'I', 'H',  'D',  'R',  0,    0,
                                        0,    5,   0,   0,   0,    7,    8,    2,    0};
    char path[SCRATCH_PATH];
    snprintf(path, sizeof path, "%s/masks.png", (char *)*state);
    for (size_t i = 0; i <= 8; i++) {
        unsigned char bytes[sizeof png];
        memcpy(bytes, png, sizeof png);
        bytes[i % 8] ^= i < 8 ? 1 : 0;
        write_bytes(path, bytes, i < 8 ? sizeof png : 20);
        char *page =
            page_of("{" CURVE("2", "0.5", "0.4", "0.6") ",\"files\":[\"masks.png\"]}", *state);
        assert_silent(page, "<img");
        assert_says(page, "The picture is missing: neither masks.svg nor .png could be used");
        free(page);
    }
}

static void answers_of_curves(void **state)
{
    char *page = page_of("{" CURVE("1", "0.5", "0.4", "0.6") "}", *state);
    assert_says(page, "r·i(r) is largest at r* = 0.5 (95 % interval 0.4 to 0.6).");
    assert_says(page, "about 15 % for text: this source does not confirm it; its optimum lies "
                      "higher.");
    assert_says(page, "the power law describes the curve better");
    assert_says(page, "How much do the visible tokens tell about a masked one, and");
    free(page);
    page = page_of("{" CURVE("2", "0.7", "0.6", "0.8") ",\"question\":\"Why?\"}", *state);
    assert_says(page, "about 75 % for images: the measurement agrees.");
    assert_says(page, "<p class=\"question\">Why?</p>");
    free(page);
    page = page_of("{" CURVE("2", "0.5", "0.4", "0.6") "}", *state);
    assert_says(page, "its optimum lies lower.");
    free(page);
}

/* Three sources, of which one is a misfit and one is not weighed. */
static void answers_of_comparisons(void **state)
{
    char *page =
        page_of("{\"experiment\":\"compare\",\"verdict\":{\"sentence\":\"one of "
                "one\",\"pairs_weighed\":1},"
                "\"curves\":[{\"weighed\":true,\"group\":\"text\"," CURVE("1", "0.25", "0.2", "0.3") "},{\"weighed\":false,\"group\":\"text\"," CURVE(
                    "1", "0.75", "0.7",
                    "0.8") "},{\"weighed\":true,\"group\":\"image\"," CURVE("2", "0.75", "0.7",
                                                                            "0.8") "},{\"weighed\":"
                                                                                   "true,"
                                                                                   "\"misfit\":{"
                                                                                   "\"detected\":"
                                                                                   "true,"
                                                                                   "\"message\":"
                                                                                   "\"m\"},"
                                                                                   "\"group\":"
                                                                                   "\"image\""
                                                                                   "," CURVE(
                                                                                       "2", "0.5",
                                                                                       "0.4",
                                                                                       "0.6") "}]}",
                *state);
    assert_says(page, "<p>one of one.</p>");
    assert_says(page, "For text, the best ratios of 1 measured sources without a misfit lie from "
                      "0.25 to 0.25. The exercise expects about 15 % for text: the intervals of 0 "
                      "of 1 contain it, so that it is not confirmed here.");
    assert_says(page,
                "For images, the best ratios of 1 measured sources without a misfit lie from "
                "0.75 to 0.75. The exercise expects about 75 % for images: the intervals of 1 "
                "of 1 contain it.");
    assert_says(page, "describes 3 of 3 curves better");
    assert_says(page, "contradicts itself (1): one.");
    free(page);
}

static void answers_of_estimators(void **state)
{
    char *page = page_of(
        "{\"experiment\":\"estimators\",\"gaussian\":["
        "{\"dimensions\":1,\"correlation\":0.5,\"samples\":100,\"truth\":0.25,\"ksg\":0.26,"
        "\"ksg_se\":0.01},{\"dimensions\":2,\"correlation\":0.5,\"samples\":100,\"truth\":0.5,"
        "\"ksg\":0.3,\"ksg_se\":0.01}],\"discrete\":[]}",
        *state);
    assert_says(page, "Nearest neighbours: within two standard errors of the truth in 1 of 2 "
                      "settings; at worst 0.3 nats where the truth is 0.5.");
    assert_says(page, "<th scope=\"row\">0.5</th><td class=\"n\">100</td>");
    free(page);
}

static void answers_of_training(void **state)
{
    char *page =
        page_of("{\"experiment\":\"train\",\"title\":\"t\",\"method\":\"mae\",\"source\":{\"rows\":"
                "4,\"columns\":4},\"evaluation\":{"
                "\"ratio\":0.5,"
                "\"loss\":0.75,\"loss_se\":0.01,\"floor\":0.5,\"gap\":0.25,\"gap_se\":0.01,"
                "\"gap_percent\":50},\"probe\":{\"classes\":10,\"training\":100,\"held_out\":100,"
                "\"trained\":{\"knn\":0.5,\"knn_se\":0.01,\"linear\":0.5,\"linear_se\":0.01},"
                "\"raw\":{\"knn\":0.6,\"knn_se\":0.01,\"linear\":0.6,\"linear_se\":0.01}}}",
                *state);
    assert_says(page, "Held-out loss 0.75");
    assert_says(page, "tells 50.0 % of held-out labels, of raw values 60.0 %: the features are "
                      "worse, which is not what pre-training is for.");
    free(page);
}

#define RUN(label, loss, floor)                                                                    \
    "{\"label\":\"" label "\",\"method\":\"mae\",\"source\":{\"rows\":4,\"columns\":4},"           \
    "\"evaluation\":{\"ratio\":0.5,\"loss\":" loss ",\"loss_se\":0.01," floor "}}"
#define FLOOR(gap, percent, leak)                                                                  \
    "\"floor\":0.5,\"gap\":" gap ",\"gap_se\":0.01,\"gap_percent\":" percent ",\"leak\":" leak

/* What has no floor can not be below it. */
static void answers_of_checks(void **state)
{
    char *page = page_of(
        "{\"experiment\":\"checks\",\"runs\":[" RUN(
            "a", "0.75",
            FLOOR(
                "0.25", "50",
                "false")) "," RUN("b", "0.75",
                                  "\"floor\":null") "],\"probe_curve\":{\"label\":\"p\",\"ratio\":["
                                                    "],\"rank_correlation\":0.5,\"pairs\":6}}",
        *state);
    assert_says(page, "1 of 2 runs have a floor");
    assert_says(page, "None of the 1 runs with a floor is below what is possible.");
    assert_says(page, "have a rank correlation of 0.50 (6 ratios).");
    free(page);
    page = page_of(
        "{\"experiment\":\"checks\",\"runs\":[" RUN(
            "a", "0.25", FLOOR("-0.25", "-50", "true")) "," RUN("b", "0.75", "\"floor\":null") "]}",
        *state);
    assert_says(page, "Below what is possible: 1 of 2 runs; a leak, which must be found.");
    free(page);
}

#define PUBLISHED(satisfied, collapsed)                                                            \
    "{\"table\":\"t\",\"setting\":\"a\",\"law\":0.9,\"student_temperature\":0.1,"                  \
    "\"teacher_temperature\":0.04,\"center_momentum\":0.9,\"satisfied\":" satisfied                \
    ",\"collapsed\":" collapsed "}"

static void answers_of_centring(void **state)
{
    char *page = page_of(
        "{\"experiment\":\"center\",\"published\":[" PUBLISHED("true", "false") "," PUBLISHED(
            "true", "true") "," PUBLISHED("false",
                                          "true") "],\"equilibrium\":{\"largest_z\":6.5},"
                                                  "\"streams\":[{\"kind\":\"stationary\","
                                                  "\"update\":\"after\",\"center_momentum\":0.9,"
                                                  "\"variance\":1,\"a_z\":1,\"way\":{\"b_"
                                                  "z\":6.5,\"b\":3}}]}",
        *state);
    /* Of two, P(both below q) = (1 - 2 Q(q))^2 is 1/2 at 1.052 and 0.95 at 2.236. */
    assert_says(page, "otherwise than predicted by the closed forms: of 2 z-scores the largest is "
                      "6.50; of so many independent ones the largest is above 1.05 in half of all "
                      "cases and above 2.24 in one of twenty.");
    assert_says(page, "Of 3 published settings that the law speaks of, 2 did as it says;");
    free(page);
}

static void answers_of_advice(void **state)
{
    char *page = page_of("{\"experiment\":\"advise\",\"data\":{\"path\":\"my.txt\"},\"curves\":[],"
                         "\"recommendation\":{\"ratio\":0.5,\"low\":0.45,\"high\":0.55,"
                         "\"certainty\":\"fair\",\"reason\":\"the halves agree\"}}",
                         *state);
    assert_says(page, "Start from r = 0.5 (95 % interval 0.45 to 0.55); fair: the halves agree.");
    assert_says(page, "<h1>my.txt</h1>");
    free(page);
}

static void commands_can_be_pasted(void **state)
{
    char *page = page_of(
        "{" CURVE("2", "0.5", "0.4",
                  "0.6") ",\"timing\":{\"seconds\":2.5,"
                         "\"command\":[\"maskinfo\",\"run\",\"a b\",\"--set\",\"title=it's\"],"
                         "\"machine\":{\"processor\":\"P\",\"cores\":2,\"threads\":1,\"system\":"
                         "\"S\",\"compiler\":\"C\"}}}",
        *state);
    assert_says(page, "<code>maskinfo run &#39;a b&#39; --set &#39;title=it&#39;\\&#39;&#39;s"
                      "&#39;</code></dd>");
    assert_says(page, "<dt>Processor</dt><dd>P</dd>");
    assert_says(page, "<dt>Time</dt><dd>2.5 s</dd>");
    free(page);
    page = page_of("{" CURVE("2", "0.5", "0.4", "0.6") "}", "plots/my result");
    assert_says(page,
                "<code>maskinfo run &#39;plots/my result&#39;/result.json --out again</code>");
    assert_says(page, "not recorded");
    free(page);
}

static char *read_page(const char *folder, const char *name)
{
    char path[SCRATCH_PATH];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "rb");
    char *text = calloc(1, 1 << 20);
    assert_non_null(file);
    assert_non_null(text);
    assert_true(fread(text, 1, (1 << 20) - 1, file) > 0);
    fclose(file);
    return text;
}

static const outcome *report(const char *folder, const char *more)
{
    char arguments[4 * SCRATCH_PATH];
    snprintf(arguments, sizeof arguments, "report %s%s", folder, more);
    return run_program("", arguments);
}

static void what_is_no_result_is_refused(void **state)
{
    const outcome *o = report(*state, "");
    assert_int_equal(o->status, 2);
    assert_non_null(strstr(o->err, "result.json"));
    put_file(*state, "result.json", "{\"experiment\":");
    o = report(*state, "");
    assert_int_equal(o->status, 2);
    assert_non_null(strstr(o->err, "malformed JSON"));
    put_file(*state, "result.json", "{\"experiment\":\"nonsense\"}");
    o = report(*state, "");
    assert_int_equal(o->status, 2);
    assert_non_null(strstr(o->err, "result.json: experiment: "));
    o = report("/nowhere/at/all", "");
    assert_int_equal(o->status, 2);
    assert_non_null(strstr(o->err, "/nowhere/at/all: can not be read: No such file or directory"));
    assert_int_equal(count_entries(*state), 1);
}

static void a_folder_of_results_is_one_page(void **state)
{
    static const char *const names[] = {"b", "a", "damaged", ".hidden", "empty"};
    static const char *const texts[] = {"{" CURVE("2", "0.5", "0.4", "0.6") ",\"title\":\"Bee\"}",
                                        "{" CURVE("1", "0.5", "0.4", "0.6") ",\"title\":\"Ay\"}",
                                        "{", "{", NULL};
    for (size_t i = 0; i < 5; i++) {
        char path[SCRATCH_PATH];
        snprintf(path, sizeof path, "%s/%s", (char *)*state, names[i]);
        assert_int_equal(mkdir(path, 0700), 0);
        if (texts[i] != NULL) {
            put_file(path, "result.json", texts[i]);
        }
    }
    const outcome *o = report(*state, "/");
    assert_int_equal(o->status, 1);
    assert_non_null(strstr(o->err, "damaged/result.json"));
    char *page = read_page(*state, "report.html");
    check_page(page);
    assert_says(page, "<li><a href=\"#r0\">Ay</a></li>\n<li><a href=\"#r1\">Bee</a></li>");
    assert_says(page, "There is no result to show:");
    assert_silent(page, "hidden");
    free(page);
}

/* The question comes through, the machine stands in "timing" alone, and a result can be run again.
 */
static void results_can_be_run_again(void **state)
{
    char arguments[2 * SCRATCH_PATH];
    snprintf(arguments, sizeof arguments,
             "run gmrf --set estimator.samples=4 --set model.grid=[3,3] --set question='Why not?' "
             "--seed 7 --quiet --out %s/one",
             (char *)*state);
    const outcome *o = run_program("", arguments);
    assert_string_equal(o->err, "");
    assert_int_equal(o->status, 0);
    snprintf(arguments, sizeof arguments, "run %s/one/result.json --quiet --threads 1 --out %s/two",
             (char *)*state, (char *)*state);
    assert_int_equal(run_program("", arguments)->status, 0);
    char *one = read_page(*state, "one/result.json"), *two = read_page(*state, "two/result.json");
    cJSON *first = cJSON_Parse(one), *second = cJSON_Parse(two);
    assert_string_equal(cJSON_GetObjectItem(first, "question")->valuestring, "Why not?");
    assert_string_equal(
        cJSON_GetObjectItem(cJSON_GetObjectItem(second, "config"), "question")->valuestring,
        "Why not?");
    const cJSON *timing = cJSON_GetObjectItem(first, "timing");
    assert_true(
        cJSON_IsNumber(cJSON_GetObjectItem(cJSON_GetObjectItem(timing, "machine"), "cores")));
    assert_string_equal(cJSON_GetArrayItem(cJSON_GetObjectItem(timing, "command"), 2)->valuestring,
                        "gmrf");
    cJSON_DeleteItemFromObject(first, "timing");
    cJSON_DeleteItemFromObject(second, "timing");
    assert_true(cJSON_Compare(first, second, 1));
    cJSON_Delete(first);
    cJSON_Delete(second);
    free(one);
    free(two);
    snprintf(arguments, sizeof arguments, "%s/one", (char *)*state);
    char more[SCRATCH_PATH];
    snprintf(more, sizeof more, " --quiet --out %s/page.html", (char *)*state);
    o = report(arguments, more);
    assert_string_equal(o->err, "");
    assert_string_equal(o->out, "");
    char *page = read_page(*state, "page.html");
    check_page(page);
    assert_says(page, "<svg role=\"img\"");
    assert_says(page, "<p class=\"question\">Why not?</p>");
    assert_says(page, "maskinfo run gmrf --seed 7 --set estimator.samples=4 --set");
    free(page);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCRATCH_TEST(hostile_text_stays_text),
        cmocka_unit_test(broken_letters_are_replaced),
        cmocka_unit_test(drawings_are_written_anew),
        cmocka_unit_test(hostile_drawings_are_refused),
        cmocka_unit_test(deep_drawings_are_refused),
        cmocka_unit_test(numbers_are_told_from_words),
        SCRATCH_TEST(pictures_that_are_none_are_left_out),
        SCRATCH_TEST(figures_stand_in_the_page),
        SCRATCH_TEST(answers_of_curves),
        SCRATCH_TEST(answers_of_comparisons),
        SCRATCH_TEST(answers_of_estimators),
        SCRATCH_TEST(answers_of_training),
        SCRATCH_TEST(answers_of_centring),
        SCRATCH_TEST(answers_of_advice),
        SCRATCH_TEST(answers_of_checks),
        SCRATCH_TEST(commands_can_be_pasted),
        SCRATCH_TEST(what_is_no_result_is_refused),
        SCRATCH_TEST(a_folder_of_results_is_one_page),
        SCRATCH_TEST(results_can_be_run_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
