/* Random resized crops: laws, resampling, keyed draws. */
#include "support.h"

#include <string.h>

#include "maskinfo/views.h"

enum { ROWS = 12, COLUMNS = 16, CHANNELS = 2, VALUES = ROWS * COLUMNS * CHANNELS };

/* A plane in each channel, which linear interpolation and means of whole rectangles keep. */
static double plane(double row, double column, size_t channel)
{
    return channel == 0 ? 0.3 * row - 0.7 * column + 1 : 2 - 0.1 * row + 0.05 * column;
}

static void fill(mi_scalar *pixels)
{
    for (size_t i = 0; i < VALUES; i++) {
        size_t pixel = i / CHANNELS;
        pixels[i] = (mi_scalar)plane((double)(pixel / COLUMNS) + 0.5,
                                     (double)(pixel % COLUMNS) + 0.5, i % CHANNELS);
    }
}

static void whole_image_is_copied(void **state)
{
    (void)state;
    mi_scalar pixels[VALUES], out[VALUES];
    fill(pixels);
    mi_crop whole = {0, 0, ROWS, COLUMNS};
    mi_resample(ROWS, COLUMNS, CHANNELS, pixels, whole, false, ROWS, COLUMNS, out);
    assert_memory_equal(pixels, out, sizeof out);
    mi_resample(ROWS, COLUMNS, CHANNELS, pixels, whole, true, ROWS, COLUMNS, out);
    for (size_t i = 0; i < VALUES; i++) {
        size_t pixel = i / CHANNELS, c = COLUMNS - 1 - pixel % COLUMNS;
        assert_true(out[i] == pixels[(pixel / COLUMNS * COLUMNS + c) * CHANNELS + i % CHANNELS]);
    }
}

/* A plane stays one, where it does not reach over the border: enlarged by interpolation. */
static void planes_are_kept(void **state)
{
    (void)state;
    mi_scalar pixels[VALUES], out[8 * 10 * CHANNELS];
    fill(pixels);
    mi_crop small = {2.3, 3.7, 5.1, 6.2};
    mi_resample(ROWS, COLUMNS, CHANNELS, pixels, small, false, 8, 10, out);
    for (size_t i = 0; i < 8 * 10 * CHANNELS; i++) {
        double row = 2.3 + ((double)(i / CHANNELS / 10) + 0.5) * 5.1 / 8;
        double column = 3.7 + ((double)(i / CHANNELS % 10) + 0.5) * 6.2 / 10;
        assert_near((double)out[i], plane(row, column, i % CHANNELS), 1e-5);
    }
}

/* Shrunk: the integral over each pixel of the piecewise constant image, by fine sums. */
static void shrinking_averages_areas(void **state)
{
    (void)state;
    enum { FINE = 400 };
    mi_scalar pixels[VALUES], out[3 * 4 * CHANNELS];
    for (size_t i = 0; i < VALUES; i++) {
        pixels[i] = (mi_scalar)sin(1.7 * (double)i * (double)i);
    }
    mi_crop crop = {0.25, 1.5, 11.25, 13};
    mi_resample(ROWS, COLUMNS, CHANNELS, pixels, crop, false, 3, 4, out);
    for (size_t i = 0; i < 3 * 4 * CHANNELS; i++) {
        double sum = 0;
        for (size_t k = 0; k < FINE * FINE; k++) {
            double y = (double)(i / CHANNELS / 4) + ((double)(k / FINE) + 0.5) / FINE;
            double x = (double)(i / CHANNELS % 4) + ((double)(k % FINE) + 0.5) / FINE;
            size_t row = (size_t)(0.25 + y * 11.25 / 3), column = (size_t)(1.5 + x * 13 / 4);
            sum += (double)pixels[(row * COLUMNS + column) * CHANNELS + i % CHANNELS];
        }
        assert_near((double)out[i], sum / FINE / FINE, 6e-3);
    }
}

/* Within the image, area and shape within bounds; area uniform: mean and variance by z. */
static void crops_follow_their_law(void **state)
{
    (void)state;
    enum { DRAWS = 20000 };
    mi_view view = {.rows = 4, .columns = 4, .low = 0.2, .high = 0.5};
    mi_stream_room room;
    double mean = 0, square = 0, shapes = 0;
    for (size_t d = 0; d < DRAWS; d++) {
        gsl_rng *stream = mi_stream_place(&room, 5, MI_PURPOSE_VIEW, d);
        mi_crop c = mi_crop_draw(&view, ROWS, COLUMNS, stream);
        double share = c.height * c.width / (ROWS * COLUMNS), shape = log(c.width / c.height);
        assert_true(c.top >= 0 && c.left >= 0 && c.top + c.height <= ROWS + 1e-9 &&
                    c.left + c.width <= COLUMNS + 1e-9);
        assert_true(share > 0.2 - 1e-9 && share < 0.5 + 1e-9);
        assert_true(fabs(shape) < log(4.0 / 3) + 1e-9);
        mean += share / DRAWS;
        square += (share - 0.35) * (share - 0.35) / DRAWS;
        shapes += shape / DRAWS;
    }
    double deviation = 0.3 / sqrt(12);
    assert_near(mean, 0.35, 4 * deviation / sqrt(DRAWS));
    assert_near(square, deviation * deviation, 4 * deviation * deviation * sqrt(0.8 / DRAWS));
    assert_near(shapes, 0, 4 * log(4.0 / 3) / sqrt(3.0 * DRAWS));

    /* Nothing fits: the largest middle of a shape within bounds. */
    mi_view all = {.rows = 4, .columns = 4, .low = 1, .high = 1};
    mi_crop c = mi_crop_draw(&all, 4, 40, mi_stream_place(&room, 5, MI_PURPOSE_VIEW, 0));
    assert_near(c.height, 4, 1e-12);
    assert_near(c.width, 16.0 / 3, 1e-12);
    assert_near(c.left, (40 - 16.0 / 3) / 2, 1e-12);
}

/* The same key gives the same view; half of them are mirrored; jitter moves mean and contrast. */
static void views_are_keyed(void **state)
{
    (void)state;
    enum { DRAWS = 2000 };
    mi_view view = {.rows = ROWS, .columns = COLUMNS, .low = 0.3, .high = 1, .flip = true};
    mi_scalar pixels[VALUES], a[VALUES], b[VALUES];
    mi_stream_room room;
    size_t mirrored = 0;
    fill(pixels);
    for (size_t d = 0; d < DRAWS; d++) {
        gsl_rng *stream = mi_stream_place(&room, 6, MI_PURPOSE_VIEW, d);
        mi_view_draw(&view, ROWS, COLUMNS, CHANNELS, pixels, stream, a);
        mirrored += a[0] < a[(COLUMNS - 1) * CHANNELS];
        mi_stream_set(stream, 6, MI_PURPOSE_VIEW, d);
        mi_view_draw(&view, ROWS, COLUMNS, CHANNELS, pixels, stream, b);
        assert_memory_equal(a, b, sizeof a);
    }
    assert_near((double)mirrored / DRAWS, 0.5, 4 * 0.5 / sqrt(DRAWS));

    double low = 9, high = -9;
    view.jitter = 0.4;
    for (size_t d = 0; d < 200; d++) {
        mi_view plain = view;
        plain.jitter = 0;
        gsl_rng *stream = mi_stream_place(&room, 6, MI_PURPOSE_VIEW, d);
        mi_view_draw(&view, ROWS, COLUMNS, CHANNELS, pixels, stream, a);
        mi_stream_set(stream, 6, MI_PURPOSE_VIEW, d);
        mi_view_draw(&plain, ROWS, COLUMNS, CHANNELS, pixels, stream, b);
        double moved = 0, contrast = ((double)a[0] - (double)a[2]) / ((double)b[0] - (double)b[2]);
        for (size_t i = 0; i < VALUES; i++) {
            moved += ((double)a[i] - (double)b[i]) / VALUES;
        }
        assert_true(fabs(moved) <= 0.4 + 1e-5 && fabs(contrast - 1) <= 0.4 + 1e-3);
        low = fmin(low, moved);
        high = fmax(high, contrast);
    }
    assert_true(low < -0.35 && high > 1.35);
}

static void bad_views_are_refused(void **state)
{
    (void)state;
    mi_status status;
    mi_view view = {.rows = 8, .columns = 8, .low = 0.5, .high = 1};
    assert_int_equal(mi_view_check(&view, 8, 8, "scale", "size", &status), MI_OK);
    assert_int_equal(mi_view_check(&view, 8, 7, "scale", "size", &status), MI_INPUT);
    assert_string_equal(status.place, "size");
    const double bad[][2] = {{0, 1}, {0.6, 0.5}, {0.5, 1.1}, {NAN, 1}};
    for (size_t i = 0; i < 4; i++) {
        view.low = bad[i][0];
        view.high = bad[i][1];
        assert_int_equal(mi_view_check(&view, 8, 8, "scale", "size", &status), MI_INPUT);
        assert_string_equal(status.place, "scale");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_image_is_copied),    cmocka_unit_test(planes_are_kept),
        cmocka_unit_test(shrinking_averages_areas), cmocka_unit_test(crops_follow_their_law),
        cmocka_unit_test(views_are_keyed),          cmocka_unit_test(bad_views_are_refused),
    };
    return cmocka_run_group_tests_name("views", tests, NULL, NULL);
}
