#include "patch_part.h"

#include <stdlib.h>
#include <string.h>

#include "maskinfo/memory.h"

const char *const mi_image_parts[] = {"all", "first", "second", NULL};

/* Images first, first + step, ..., `count` of them. */
typedef struct stride {
    size_t first, step, count;
} stride;

static stride stride_of(const mi_images *images, const char *part)
{
    size_t half = images->count / 2;
    bool second = strcmp(part, "second") == 0;
    if (strcmp(part, "all") == 0) {
        return (stride){0, 1, images->count};
    }
    if (images->series) {
        return second ? (stride){half, 1, images->count - half} : (stride){0, 1, half};
    }
    return second ? (stride){1, 2, half} : (stride){0, 2, images->count - half};
}

static void pick(const mi_images *images, stride s, mi_images *part)
{
    mi_image *items = part->items;
    char **names = part->names;
    size_t count = part->count;
    *part = *images; /* whatever else describes them */
    part->items = items;
    part->names = names;
    part->count = count;
    for (size_t i = 0; i < count; i++) {
        items[i] = images->items[s.first + i * s.step];
        names[i] = images->names[s.first + i * s.step];
    }
}

mi_code mi_image_part_create(const mi_images *images, const char *part, mi_images **ret_part,
                             mi_status *status)
{
    stride s = stride_of(images, part);
    mi_images *p = NULL;
    if (s.count == 0) {
        return mi_fail_at(status, "part", "\"%s\" of %zu image%s is none; legal here: \"all\"",
                          part, images->count, images->count == 1 ? "" : "s");
    }
    mi_code code = mi_allocate(1, sizeof *p, &p, status);
    if (code == MI_OK) {
        p->count = s.count;
        code = mi_allocate(p->count, sizeof *p->items, &p->items, status);
    }
    if (code == MI_OK) {
        code = mi_allocate(p->count, sizeof *p->names, &p->names, status);
    }
    if (code != MI_OK) {
        mi_image_part_destroy(p);
        return code;
    }
    pick(images, s, p);
    *ret_part = p;
    return MI_OK;
}

void mi_image_part_destroy(mi_images *part)
{
    if (part != NULL) {
        free(part->items);
        free(part->names);
        free(part);
    }
}
