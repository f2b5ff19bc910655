#include "patch_part.h"

#include <stdlib.h>
#include <string.h>

#include "maskinfo/memory.h"

const char *const mi_image_parts[] = {"all", "first", "second", NULL};

/* Where a part begins, and how far apart its images lie. */
typedef struct stride {
    size_t first, step;
} stride;

static stride stride_of(const char *part)
{
    bool all = strcmp(part, "all") == 0;
    return (stride){.first = strcmp(part, "second") == 0, .step = all ? 1 : 2};
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
    stride s = stride_of(part);
    mi_images *p = NULL;
    if (images->count <= s.first) {
        return mi_fail_at(status, "part", "\"%s\" of %zu image%s is none; legal here: \"all\"",
                          part, images->count, images->count == 1 ? "" : "s");
    }
    mi_code code = mi_allocate(1, sizeof *p, &p, status);
    if (code == MI_OK) {
        p->count = (images->count - s.first + s.step - 1) / s.step;
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
