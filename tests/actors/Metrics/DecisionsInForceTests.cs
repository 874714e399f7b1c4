using ActorTrain.Actors.Metrics;
using ActorTrain.Models.Plan;

namespace ActorTrain.Actors.Tests.Metrics;

public sealed class DecisionsInForceTests
{
    private static readonly Intervention Skip = new(1, 20, [new SkippedRange(160, 24, "spike")], 1, "ann", "ann skipped 3 batches.");

    [Fact]
    public void Without_decisions_there_is_no_name() => DecisionsInForce.Of([]).ShouldBeNull();

    [Fact]
    public void What_changes_the_run_has_a_name_of_its_own_and_the_words_do_not_count()
    {
        Intervention[] all =
        [
            Skip,
            Skip with { Number = 2 },
            Skip with { From = 21 },
            Skip with { Skipped = [new SkippedRange(160, 16, "spike")] },
            Skip with { RateFactor = 0.5 },
            Skip with { Steps = 90 },
        ];
        var names = all.Select(static intervention => DecisionsInForce.Of([intervention]).ShouldNotBeNull())
            .Append(DecisionsInForce.Of([Skip, all[4]])).ToList();
        names.Distinct().Count().ShouldBe(names.Count);
        DecisionsInForce.Of([Skip with { Reason = "Other words.", By = "bob" }]).ShouldBe(names[0]);
    }

    // Who only rolls back computes the same again; but the run itself does so because bits were wrong.
    [Fact]
    public void Going_back_without_a_change_counts_only_where_the_run_distrusts_its_bits()
    {
        var back = new Intervention(2, 20, [], 1, "ann", "ann sent the run back to step 20.");
        DecisionsInForce.Of([back]).ShouldBeNull();
        DecisionsInForce.Of([Skip, back]).ShouldBe(DecisionsInForce.Of([Skip]));
        DecisionsInForce.Of([back with { By = Intervention.Automatic }]).ShouldNotBeNull();
    }
}
