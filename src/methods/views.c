/* Random resized crops. */
#include "maskinfo/views.h"

#include <math.h>

mi_code mi_view_check(const mi_view *view, size_t rows, size_t columns, const char *scale_place,
                      const char *size_place, mi_status *status)
{
    if (!(view->low > 0 && view->low <= view->high && view->high <= 1)) {
        return mi_fail_at(status, scale_place,
                          "is [%g, %g]; the shares of the area must be in (0, 1] and in order",
                          view->low, view->high);
    }
    if (view->rows == 0 || view->columns == 0 || view->rows > rows || view->columns > columns) {
        return mi_fail_at(status, size_place,
                          "views of %zu x %zu pixels; they must be within the image's %zu x %zu",
                          view->rows, view->columns, rows, columns);
    }
    return MI_OK;
}

static const double narrowest = 3.0 / 4, widest = 4.0 / 3;

/* A crop of the middle, as large as the image with width/height within bounds. */
static mi_crop middle(double rows, double columns)
{
    double height = fmin(rows, columns / narrowest), width = fmin(columns, rows * widest);
    return (mi_crop){.top = (rows - height) / 2,
                     .left = (columns - width) / 2,
                     .height = height,
                     .width = width};
}

mi_crop mi_crop_draw(const mi_view *view, size_t rows, size_t columns, gsl_rng *stream)
{
    double h = (double)rows, w = (double)columns;
    for (int attempt = 0; attempt < 10; attempt++) {
        double share = view->low + (view->high - view->low) * gsl_rng_uniform(stream);
        double shape = narrowest * pow(widest / narrowest, gsl_rng_uniform(stream));
        double width = sqrt(share * h * w * shape), height = sqrt(share * h * w / shape);
        if (width <= w && height <= h) {
            double top = (h - height) * gsl_rng_uniform(stream);
            double left = (w - width) * gsl_rng_uniform(stream);
            return (mi_crop){.top = top, .left = left, .height = height, .width = width};
        }
    }
    return middle(h, w);
}

/* Along one side: the pixels first .. first+count-1 of the source, of which a pixel of the view is
 * the weighted mean: all of the inner ones, of the first and the last the shares. */
typedef struct taps {
    size_t first, count;
    double head, tail; /* weights of the first and the last; count 1: head alone */
    double inner;
} taps;

/* Linear interpolation at the middle of the view's pixel. */
static taps interpolated(size_t size, double start, double step, size_t i)
{
    double place = start + ((double)i + 0.5) * step - 0.5;
    place = fmin(fmax(place, 0), (double)(size - 1));
    size_t first = (size_t)place;
    double share = place - (double)first;
    if (share == 0) {
        return (taps){.first = first, .count = 1, .head = 1};
    }
    return (taps){.first = first, .count = 2, .head = 1 - share, .tail = share};
}

/* The mean over [low, high], of the pixels that it meets. */
static taps averaged(size_t size, double start, double step, size_t i)
{
    double low = fmax(start + (double)i * step, 0);
    double high = fmin(start + ((double)i + 1) * step, (double)size);
    size_t first = (size_t)fmin(low, (double)(size - 1)), last = (size_t)ceil(high - 1e-9);
    last = last > size ? size : last;
    last = last > first ? last - 1 : first;
    if (last == first) {
        return (taps){.first = first, .count = 1, .head = 1};
    }
    double inner = 1 / (high - low);
    return (taps){.first = first,
                  .count = last - first + 1,
                  .head = ((double)(first + 1) - low) * inner,
                  .tail = (high - (double)last) * inner,
                  .inner = inner};
}

static taps taps_of(size_t size, double start, double extent, size_t out, size_t i)
{
    double step = extent / (double)out;
    return step > 1 ? averaged(size, start, step, i) : interpolated(size, start, step, i);
}

static double weight(const taps *t, size_t k)
{
    return k == 0 ? t->head : k + 1 == t->count ? t->tail : t->inner;
}

/* One value of the view: the weighted sum over a rectangle of pixels. */
static double gather(size_t columns, size_t channels, const mi_scalar *pixels, const taps *y,
                     const taps *x, size_t channel)
{
    double sum = 0;
    for (size_t r = 0; r < y->count; r++) {
        const mi_scalar *row = pixels + ((y->first + r) * columns + x->first) * channels + channel;
        double along = 0;
        for (size_t c = 0; c < x->count; c++) {
            along += weight(x, c) * (double)row[c * channels];
        }
        sum += weight(y, r) * along;
    }
    return sum;
}

void mi_resample(size_t rows, size_t columns, size_t channels, const mi_scalar *pixels,
                 mi_crop crop, bool mirrored, size_t out_rows, size_t out_columns, mi_scalar *out)
{
    for (size_t c = 0; c < out_columns; c++) {
        taps x = taps_of(columns, crop.left, crop.width, out_columns,
                         mirrored ? out_columns - 1 - c : c);
        for (size_t r = 0; r < out_rows; r++) {
            taps y = taps_of(rows, crop.top, crop.height, out_rows, r);
            for (size_t k = 0; k < channels; k++) {
                out[(r * out_columns + c) * channels + k] =
                    (mi_scalar)gather(columns, channels, pixels, &y, &x, k);
            }
        }
    }
}

/* x (count) becomes (x - m) (1 + contrast) + m + brightness, m the mean of x. */
static void change(size_t count, double contrast, double brightness, mi_scalar *x)
{
    double mean = 0;
    for (size_t i = 0; i < count; i++) {
        mean += (double)x[i] / (double)count;
    }
    for (size_t i = 0; i < count; i++) {
        x[i] = (mi_scalar)(((double)x[i] - mean) * (1 + contrast) + mean + brightness);
    }
}

void mi_view_draw(const mi_view *view, size_t rows, size_t columns, size_t channels,
                  const mi_scalar *pixels, gsl_rng *stream, mi_scalar *out)
{
    mi_crop crop = mi_crop_draw(view, rows, columns, stream);
    bool mirrored = gsl_rng_uniform(stream) < 0.5 && view->flip;
    double contrast = view->jitter * (2 * gsl_rng_uniform(stream) - 1);
    double brightness = view->jitter * (2 * gsl_rng_uniform(stream) - 1);
    mi_resample(rows, columns, channels, pixels, crop, mirrored, view->rows, view->columns, out);
    if (view->jitter > 0) {
        change(view->rows * view->columns * channels, contrast, brightness, out);
    }
}
