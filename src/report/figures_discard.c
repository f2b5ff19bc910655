/* Figures of an earlier result that the one now in its folder does not have. Those of most kinds
 * are known by name; of a sweep only the earlier result tells. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "maskinfo/figures.h"

enum { MOST_NAME = 64, PATH_LIMIT = 4096 };

static bool is_listed(const cJSON *files, const char *name, const char *ending)
{
    char file[MOST_NAME + 8];
    const cJSON *item = NULL;
    snprintf(file, sizeof file, "%s%s", name, ending);
    cJSON_ArrayForEach(item, files)
    {
        if (cJSON_IsString(item) && strcmp(item->valuestring, file) == 0) {
            return true;
        }
    }
    return false;
}

/* NAME of "NAME.gp"; false where it is another file, or a name that no figure has. */
static bool read_name(const cJSON *file, char name[MOST_NAME + 1])
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789_-";
    const char *text = cJSON_IsString(file) ? file->valuestring : "";
    size_t length = strspn(text, letters);
    if (length == 0 || length > MOST_NAME || strcmp(text + length, ".gp") != 0) {
        return false;
    }
    memcpy(name, text, length);
    name[length] = '\0';
    return true;
}

void mi_figures_discard(const char *directory, const cJSON *earlier, const cJSON *files)
{
    static const char *const endings[] = {".dat", ".gp", ".svg", ".png"};
    char name[MOST_NAME + 1], path[PATH_LIMIT];
    const cJSON *file = NULL;
    cJSON_ArrayForEach(file, earlier)
    {
        if (!read_name(file, name) || !is_listed(earlier, name, ".dat") ||
            is_listed(files, name, ".gp")) {
            continue;
        }
        for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
            int length = snprintf(path, sizeof path, "%s/%s%s", directory, name, endings[i]);
            if (length > 0 && (size_t)length < sizeof path) {
                unlink(path);
            }
        }
    }
}
