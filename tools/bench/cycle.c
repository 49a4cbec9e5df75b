/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Benchmark: the wake .. run .. sleep cycle. Tasks sleep and run in turn so
 * that about half the CPUs are busy. Prints events, switches, wall time and
 * peak memory; under callgrind or perf the instructions belong to exactly this.
 *
 *	cycle CPUS TASKS CYCLES POLICY...
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <scxtwin/scxtwin.h>

static double seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* Each task runs 100 us, then sleeps so long that half the CPUs are busy on average. */
static void write_workload(FILE *f, unsigned cpus, unsigned tasks, unsigned cycles)
{
	const unsigned run_us = 100;
	const uint64_t period_us = (uint64_t)run_us * tasks * 2 / cpus;
	const uint64_t sleep_us = period_us > run_us ? period_us - run_us : run_us;

	fprintf(f,
		"{\"format\":\"scxtwin-workload\",\"version\":1,\"name\":\"cycle\",\n"
		" \"machine\":{\"cpus\":%u},\n"
		" \"tasks\":[{\"name\":\"t\",\"count\":%u,\"steps\":[[\"loop\",%u,[\n"
		"  [\"sleep\",{\"uniform\":[\"%" PRIu64 "us\",\"%" PRIu64 "us\"]}],[\"run\",\"%uus\"]]]]}]}\n",
		cpus, tasks, cycles, sleep_us / 2, sleep_us * 3 / 2, run_us);
}

static int run_one(const char *path, const char *policy)
{
	struct scxtwin_error err = { 0 };
	struct scxtwin_options opt;
	struct scxtwin_result res;
	struct scxtwin_workload *w = scxtwin_workload_open(path, &err);
	struct scxtwin_sim *s;
	struct rusage usage;
	double start, took;
	char text[1024];
	int ret;

	if (!w)
		goto fail;
	scxtwin_options_default(&opt);
	opt.policy = policy;
	s = scxtwin_sim_new(&opt, w, &err);
	if (!s)
		goto fail;
	start = seconds();
	ret = scxtwin_sim_run(s, &err);
	took = seconds() - start;
	if (ret)
		goto fail;
	scxtwin_sim_result(s, &res);
	getrusage(RUSAGE_SELF, &usage);
	printf("%-12s %10" PRIu64 " events %10" PRIu64 " switches %8.3f s %7.2f M switches/s %7.2f M events/s %6ld MiB peak  %.16s\n",
	       policy, res.nr_events, res.nr_switches, took, (double)res.nr_switches / took / 1e6,
	       (double)res.nr_events / took / 1e6, usage.ru_maxrss / 1024, res.digest);
	scxtwin_sim_free(s);
	scxtwin_workload_close(w);
	return 0;
fail:
	fprintf(stderr, "cycle: %s: %s\n", policy, scxtwin_error_format(&err, text, sizeof(text)));
	return 1;
}

int main(int argc, char **argv)
{
	char path[] = "/tmp/scxtwin-cycle-XXXXXX.json";
	int fd, i, ret = 0;
	FILE *f;

	if (argc < 5) {
		fprintf(stderr, "usage: cycle CPUS TASKS CYCLES POLICY...\n");
		return 2;
	}
	fd = mkstemps(path, 5);
	f = fd >= 0 ? fdopen(fd, "w") : NULL;
	if (!f) {
		fprintf(stderr, "cycle: %s: %s\n", path, strerror(errno));
		return 3;
	}
	write_workload(f, (unsigned)atoi(argv[1]), (unsigned)atoi(argv[2]), (unsigned)atoi(argv[3]));
	fclose(f);
	for (i = 4; i < argc; i++)
		ret |= run_one(path, argv[i]);
	unlink(path);
	return ret;
}
