// SPDX-License-Identifier: GPL-2.0-or-later
/* The worst of what is found. */
#include "screen/gist.h"

#include "screen/page.h"

void gist_refresh(struct gist *gist, const struct site *site, const struct model *model,
		  uint64_t period_ns)
{
	uint64_t now_ns = model_now_ns(model);
	const struct verdict *verdicts;
	const struct budget *budgets;

	if (gist->built && now_ns >= gist->built_ns && now_ns - gist->built_ns < period_ns)
		return;
	*gist = (struct gist){ .built = true, .built_ns = now_ns };
	gist->budgets = model_budgets(model, &budgets);
	if (gist->budgets) {
		gist->budget = *budgets;
		budget_place(budgets, gist->place);
	}
	gist->verdicts = model_verdicts(model, &verdicts);
	if (gist->verdicts) {
		gist->level = verdicts->level;
		verdict_text(verdicts, site->opts.names, gist->verdict);
	}
}
