#include <unistd.h>

#include "cli.h"

mi_run cli_circumstances(const cli_options *o)
{
    long online = sysconf(_SC_NPROCESSORS_ONLN);
    return (mi_run){
        .seed = 1,
        .threads = o->threads > 0 ? (int)o->threads
                   : online > 0   ? (int)online
                                  : 1,
        .opt_interrupt = &cli_interrupt,
    };
}
