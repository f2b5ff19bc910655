/* What a transformer's way forward keeps for the way back. Sizes are those of the largest batch. */
#ifndef MI_NETS_TAPE_H
#define MI_NETS_TAPE_H

#include "attention.h"
#include "maskinfo/transformer.h"

typedef struct mi_block_tape {
    mi_scalar *x, *middle;        /* (rows,width) before each branch */
    mi_scalar *normed1, *normed2; /* (rows,width) behind each LayerNorm */
    mi_scalar *branch1, *branch2; /* (rows,width) of each branch, before LayerScale */
    mi_scalar *qkv;               /* (rows,3*width) */
    mi_scalar *attended;          /* (rows,width) */
    mi_scalar *kept;              /* (rows,heads,length padded) softmax weights; NULL: not kept */
    mi_scalar *slopes;            /* (rows,hidden) before the GELU, then its slopes */
    mi_scalar *active;            /* (rows,hidden) behind it */
    mi_scalar *mean1, *scale1;    /* (rows) of each LayerNorm */
    mi_scalar *mean2, *scale2;
} mi_block_tape;

struct mi_tape {
    bool backward;
    mi_block_tape *blocks;   /* (depth); where `backward` is false all share their large pieces */
    mi_scalar *x;            /* (rows,width) behind the last block */
    mi_scalar *mean, *scale; /* (rows) of the last LayerNorm */
    mi_scalar *keep;         /* (depth,2,samples) */
    bool drops;              /* factors were given */
    bool bad_norm;           /* the last LayerNorm's own parameters are not finite */
    mi_scalar *space;        /* of the attention */
    mi_scalar *scaled;       /* (rows,width) gradient of a branch */
    mi_scalar *narrow;       /* (rows,width) gradient before a branch */
    mi_scalar *wide;         /* (rows,max(3*width,hidden)) gradient within a branch */
};

static inline size_t mi_ragged_rows(mi_ragged batch)
{
    return batch.samples == 0 ? 0 : batch.starts[batch.samples];
}

static inline mi_attention mi_attention_of(const mi_transformer *transformer)
{
    return (mi_attention){.width = transformer->config.width, .heads = transformer->config.heads};
}

#endif
