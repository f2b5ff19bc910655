/* Between swept.c and swept_cells.c. */
#ifndef MASKINFO_REPORT_SWEPT_PARTS_H
#define MASKINFO_REPORT_SWEPT_PARTS_H

#include "reader.h"
#include "swept.h"

/* Fill values and failed_units; axes and columns are read. */
void mi_swept_read_cells(mi_reader *reader, const mi_node *root, mi_swept *swept);

#endif
