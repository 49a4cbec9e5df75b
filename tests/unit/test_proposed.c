/* SPDX-License-Identifier: GPL-2.0-only */
/* Asking for what no kernel has, through the public interface. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <scxtwin/sim.h>

#include "api/proposed.h"
#include "ext/ext.h"

#define SCENARIO SCXTWIN_SOURCE_DIR "/traces/explore/stale_affinity.json"

static void names_are_read(void **state)
{
	u32 bits = 99;

	(void)state;
	assert_int_equal(proposed_parse(NULL, &bits, NULL), 0);
	assert_int_equal(bits, 0);
	assert_int_equal(proposed_parse("", &bits, NULL), 0);
	assert_int_equal(bits, 0);
	assert_int_equal(proposed_parse("cookie", &bits, NULL), 0);
	assert_int_equal(bits, SCX_PROPOSED_COOKIE);
	assert_int_equal(proposed_parse("cookie,cookie", &bits, NULL), 0);
	assert_int_equal(bits, SCX_PROPOSED_COOKIE);
}

static void unknown_names_list_the_known_ones(void **state)
{
	static const char *const wrong[] = { "cook", "cookies", "Cookie", "cookie,x", ",cookie", "none" };
	struct scxtwin_error err;
	u32 bits, i;

	(void)state;
	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		memset(&err, 0, sizeof(err));
		assert_int_equal(proposed_parse(wrong[i], &bits, &err), SCXTWIN_EUSAGE);
		assert_int_equal(err.code, SCXTWIN_EUSAGE);
		assert_non_null(strstr(err.msg, "unknown proposed feature \""));
		assert_non_null(strstr(err.msg, "there is: cookie"));
	}
	proposed_parse("cookie,x", &bits, &err);
	assert_non_null(strstr(err.msg, "\"x\""));
}

static void the_text_says_that_no_kernel_has_it(void **state)
{
	char text[64], small[8];

	(void)state;
	assert_string_equal(proposed_text(0, text, sizeof(text)), "");
	assert_string_equal(proposed_text(SCX_PROPOSED_COOKIE, text, sizeof(text)), "cookie (not in any kernel)");
	assert_string_equal(proposed_text(SCX_PROPOSED_COOKIE, small, sizeof(small)), "cookie ");
}

static struct scxtwin_sim *new_sim(struct scxtwin_workload *w, const char *policy, const char *proposed,
				   struct scxtwin_error *err)
{
	struct scxtwin_options opt;

	scxtwin_options_default(&opt);
	opt.policy = policy;
	opt.proposed = proposed;
	return scxtwin_sim_new(&opt, w, err);
}

static void run(struct scxtwin_workload *w, const char *policy, const char *proposed, struct scxtwin_result *res,
		const char *header)
{
	struct scxtwin_error err;
	struct scxtwin_sim *s = new_sim(w, policy, proposed, &err);

	assert_non_null(s);
	assert_non_null(strstr(scxtwin_sim_header(s), header));
	assert_int_equal(scxtwin_sim_run(s, &err), 0);
	scxtwin_sim_result(s, res);
	scxtwin_sim_free(s);
}

static void header_result_and_digest_tell_it(void **state)
{
	struct scxtwin_workload *w = scxtwin_workload_open(SCENARIO, NULL);
	struct scxtwin_result with, without;
	struct scxtwin_error err;

	(void)state;
	assert_non_null(w);
	run(w, "fifo", NULL, &without, "\nproposed=none\n");
	assert_string_equal(without.proposed, "");
	run(w, "fifo", "cookie", &with, "\nproposed=cookie (not in any kernel)\n");
	assert_string_equal(with.proposed, "cookie (not in any kernel)");
	assert_int_equal(with.nr_events, without.nr_events);
	assert_string_not_equal(with.digest, without.digest);
	run(w, "cookie", "cookie", &with, "\nproposed=cookie (not in any kernel)\n");
	assert_null(new_sim(w, "cookie", NULL, &err));
	assert_int_equal(err.code, SCXTWIN_EUSAGE);
	assert_null(new_sim(w, "fifo", "cooky", &err));
	assert_non_null(strstr(err.msg, "there is: cookie"));
	scxtwin_workload_close(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_read),
		cmocka_unit_test(unknown_names_list_the_known_ones),
		cmocka_unit_test(the_text_says_that_no_kernel_has_it),
		cmocka_unit_test(header_result_and_digest_tell_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
