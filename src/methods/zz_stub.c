#include <stdlib.h>
#include <math.h>
#include "maskinfo/floor.h"
#include "maskinfo/memory.h"
const char *mi_floor_reason(const mi_setting *s){(void)s;return NULL;}
mi_code mi_floor_evaluate(const mi_setting *setting, const mi_weights *weights,const double *ratios, size_t count, size_t samples, const mi_run *run,mi_floor_point *points, double *opt_information, mi_status *status)
{(void)setting;(void)weights;(void)run;(void)status;
 for(size_t i=0;i<count;i++){double r=isnan(ratios[i])?0.5:ratios[i];points[i]=(mi_floor_point){.ratio=ratios[i],.samples=samples,.loss=0.5,.loss_se=0.01,.floor=0.4,.floor_se=0.01,.gap=0.1,.gap_se=0.001,.conditional_entropy=1,.exact_conditional_entropy=0.9,.information=1-r*r,.information_se=0.01,.exact_information=1.1-r*r,.class_accuracy=NAN,.class_accuracy_exact=NAN,.reference_loss=NAN,.reference_loss_se=NAN,.exact_conditional_entropy_pooled=NAN};
 for(size_t s=0;opt_information&&s<samples;s++)opt_information[s*count+i]=1-r*r+0.01*(double)(s%7);}
 return MI_OK;}
mi_code mi_pictures_make(const mi_setting *setting, const mi_weights *weights, double ratio,size_t count, const mi_run *run, mi_pictures **ret_pictures,mi_status *status)
{(void)weights;(void)ratio;(void)run;mi_pictures*p=NULL;mi_source_shape s=mi_source_shape_of(setting->source);mi_code c=mi_allocate(1,sizeof*p,&p,status);if(c)return c;p->count=count;p->rows=s.rows;p->columns=s.columns;p->channels=s.channels;size_t n=count*s.rows*s.columns;c=mi_allocate(n*s.channels,8,&p->original,status);if(!c)c=mi_allocate(n*s.channels,8,&p->predicted,status);if(!c)c=mi_allocate(n,1,&p->masked,status);*ret_pictures=p;return c;}
void mi_pictures_destroy(mi_pictures *p){if(p){free(p->original);free(p->predicted);free(p->masked);free(p);}}
