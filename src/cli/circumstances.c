#include <unistd.h>

#include "cli.h"
#include "maskinfo/ranks.h"

mi_run cli_circumstances(const cli_options *o)
{
    /* Of several processes each has one, or what is asked for. */
    long online = mi_ranks_read().count > 1 ? 1 : sysconf(_SC_NPROCESSORS_ONLN);
    return (mi_run){
        .seed = 1,
        .threads = o->threads > 0 ? (int)o->threads
                   : online > 0   ? (int)online
                                  : 1,
        .opt_interrupt = &cli_interrupt,
    };
}
