#include "model_fixture.h"
#include <ion/ledger.h>
#include <time.h>
static void obs(const void *o, ion_block th, ion_block pr, const ion_work *w, size_t n, ion_block v){ ion_outputs_observe(o,th,pr,w,n,NULL,NULL,NULL,v);}
static double now(void){struct timespec t; clock_gettime(CLOCK_MONOTONIC,&t); return (double)t.tv_sec+1e-9*(double)t.tv_nsec;}
static PetscErrorCode go(void){
  fixture f; ion_outputs *o; ion_spec *sp; const char *sel="[neuron.V, ecs.K]";
  enum {N=256};
  PetscFunctionBegin;
  PetscCall(fixture_open(&f,"neuron_glia"));
  PetscCall(fixture_setup(&f,N));
  PetscCall(ion_spec_parse("o",sel,strlen(sel),&sp));
  PetscCall(ion_outputs_create(f.model,ion_spec_root(sp),&o));
  ion_event ev[]={{0,-50,PETSC_TRUE},{1,12,PETSC_TRUE}};
  for(int i=0;i<N;i++){fixture_theta(&f,"energy_supply")[i]=0.15*i/N; fixture_theta(&f,"temperature")[i]=300+0.05*(i*7%256);}
  double tols[]={1e-4,1e-5};
  for(int w=0;w<2;w++) for(int k=0;k<2;k++){
   ion_protocol p={.until=300,.n_event=2,.event=ev,.observe=obs,.context=o,.n_observed=2,.tolerance=tols[k],.most_steps=10000000,.ends_with=w?-1:0};
   ion_course *e; static unsigned char st[N]; static int steps[N],ref[N]; ion_block et;
   ion_block_create(2,N,&et);
   ion_course_result r={.status=st,.event=et,.steps=steps,.refused=ref};
   PetscCall(ion_course_create(f.model,&p,N,&e));
   double t0=now(); PetscCall(ion_course_run(e,f.theta,NULL,&r)); double dt=now()-t0;
   double s=0,q=0; for(int i=0;i<N;i++){s+=steps[i];q+=ref[i];}
   printf("whole %d tol %g: %.1f us/trajectory, %.0f steps %.0f refused, %.3f us per step\n",w,tols[k],dt*1e6/N,s/N,q/N,dt*1e6/(s+q));
   fflush(stdout);
   PetscCall(ion_course_destroy(&e));
   PetscCall(ion_block_destroy(&et));
   if(w&&k==0) break;
  }
  PetscCall(ion_outputs_destroy(&o)); PetscCall(ion_spec_close(&sp)); PetscCall(fixture_destroy(&f));
  PetscFunctionReturn(0);}
int main(int c,char**v){ static const ion_test_case cs[]={{"go",go}}; return ion_test_main(c,v,cs,1);}
