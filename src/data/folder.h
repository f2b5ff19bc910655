/* The image files of a folder. */
#ifndef MASKINFO_DATA_FOLDER_H
#define MASKINFO_DATA_FOLDER_H

#include "maskinfo/status.h"

typedef struct mi_folder {
    size_t count;
    char **paths; /* (count), in order of name by bytes, folder included */
} mi_folder;

bool mi_is_folder(const char *path);

/* The files of a folder with an ending .jpg, .jpeg or .png of any case, except hidden ones.
 * MI_INPUT where there are none. */
mi_code mi_folder_create(const char *path, mi_folder **ret_folder, mi_status *status);
void mi_folder_destroy(mi_folder *folder); /* accepts NULL */

#endif
