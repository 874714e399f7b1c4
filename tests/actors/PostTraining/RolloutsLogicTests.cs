using ActorTrain.Actors.PostTraining;
using ActorTrain.Actors.Protocol;
using ActorTrain.Data.Plan;
using ActorTrain.Models.Plan;
using ActorTrain.Models.Rollouts;
using ActorTrain.Persistence.Journal;

namespace ActorTrain.Actors.Tests.PostTraining;

/// <summary>Messages in the order in which they do harm.</summary>
public sealed class RolloutsLogicTests
{
    private const ulong Weights = 77;

    private static readonly DateTimeOffset At = new(2026, 3, 4, 12, 0, 0, TimeSpan.Zero);
    private static readonly BatchPlan Plan = new(3, 1000, 1, 1);

    private readonly SimulatedPolicy policy = new(Plan);
    private readonly List<RolloutsEffect> effects = [];
    private readonly RolloutsLogic logic;
    private readonly long position = Plan.Samples(0, SkipList.Empty)[0].Position;

    public RolloutsLogicTests()
    {
        logic = new RolloutsLogic(policy.Options with { AuditEvery = 1 });
        Do(logic.Begin(At));
        Do(logic.Handle(new PrepareExperience(1, 1, 0, new PublishedWeights(0, 0, Weights), SkipList.Empty), At));
        Do(logic.Handle(new RolloutsRead(1, null), At));
    }

    private List<TellWorker> Generations => [.. effects.OfType<TellWorker>().Where(static told => told.Command is GenerateRollouts)];

    private List<TellWorker> Judgements => [.. effects.OfType<TellWorker>().Where(static told => told.Command is JudgeRollouts)];

    private List<TellWorker> Scorings => [.. Judgements.Where(static told => told.Worker.Role == ActorRole.Reward)];

    [Fact]
    public void An_audit_is_done_by_another_worker_and_both_must_agree()
    {
        var first = Generations.Single(static told => told.Command is GenerateRollouts { Attempt: 0 } order && order.Samples.Contains(0));
        var second = Generations.Single(static told => told.Command is GenerateRollouts { Attempt: 1 });
        second.Worker.ShouldNotBe(first.Worker);
        Finish(first.Worker, [0, 1, 2]);
        Kept().ShouldBeNull();
        Done(second.Worker, 0, attempt: 1);
        Judge();
        Kept()!.Groups.ShouldHaveSingleItem().Samples.ShouldBe(policy.Experience(0, Weights, SkipList.Empty).Groups[0].Samples);
    }

    [Fact]
    public void What_a_worker_that_was_found_out_says_late_does_not_count()
    {
        var (honest, outlier) = Audited();
        Done(outlier, 0, attempt: 1, Wrong(0));
        Done(honest, 0, attempt: 0);

        // A third, who is neither of the two, decides.
        var third = Generations[^1];
        new[] { honest, outlier }.ShouldNotContain(third.Worker);
        Done(third.Worker, 0, ((GenerateRollouts)third.Command).Attempt);
        effects.OfType<TellRunOf>().Select(static told => told.Report).OfType<WorkerCorrupted>().ShouldHaveSingleItem().Worker.ShouldBe(outlier);
        Done(outlier, 1, attempt: 0, Wrong(1));
        Finish(honest, [1, 2]);
        Judge();
        Kept()!.Groups[0].Samples.ShouldBe(policy.Experience(0, Weights, SkipList.Empty).Groups[0].Samples);
    }

    [Fact]
    public void What_was_judged_of_a_rollout_that_turned_out_wrong_does_not_count()
    {
        var (honest, outlier) = Audited();

        // All that the outlier says agrees with itself at first.
        Done(outlier, 0, attempt: 1, Wrong(0));
        Finish(outlier, [1, 2], wrong: true);
        Done(honest, 0, attempt: 0);
        var third = Generations[^1];
        Done(third.Worker, 0, ((GenerateRollouts)third.Command).Attempt);
        effects.OfType<TellRunOf>().Select(static told => told.Report).OfType<WorkerCorrupted>().ShouldHaveSingleItem().Worker.ShouldBe(outlier);

        // Samples 1 and 2 are asked for again, and nothing is kept before.
        Kept().ShouldBeNull();
        foreach (var told in Generations.Where(static told => told.Command is GenerateRollouts { Attempt: > 0 } order && order.Samples[0] != 0).ToList())
            Done(told.Worker, ((GenerateRollouts)told.Command).Samples[0], ((GenerateRollouts)told.Command).Attempt);
        var rollouts = Enumerable.Range(0, 3).Select(Right).ToArray();
        Do(logic.Handle(new RewardsScored(new ActorId(ActorRole.Reward), 1, position, Attempt: 0, [.. rollouts.Select(static _ => new RolloutScore(9, []))]), At));
        Judge();
        Kept()!.Groups[0].Samples.ShouldBe(policy.Experience(0, Weights, SkipList.Empty).Groups[0].Samples);
    }

    [Fact]
    public void Rollouts_that_were_kept_for_other_weights_prompts_or_samples_are_made_anew()
    {
        var right = new StepRollouts(0, Weights, [.. policy.Experience(0, Weights, SkipList.Empty).Groups]);
        IsTaken(right).ShouldBeTrue();
        var group = right.Groups[0];
        IsTaken(right with { Weights = 78 }).ShouldBeFalse();
        IsTaken(right with { Step = 1 }).ShouldBeFalse();
        IsTaken(right with { Groups = [] }).ShouldBeFalse();
        IsTaken(right with { Groups = [group with { Prompt = [9] }] }).ShouldBeFalse();
        IsTaken(right with { Groups = [group with { Position = position + 1 }] }).ShouldBeFalse();
        IsTaken(right with { Groups = [group with { Samples = [group.Samples[0]] }] }).ShouldBeFalse();
        IsTaken(right with { Groups = [group with { Samples = [.. group.Samples.Select(static one => one with { Reference = [] })] }] }).ShouldBeFalse();

        bool IsTaken(StepRollouts kept)
        {
            var other = new RolloutsLogic(policy.Options);
            other.Begin(At);
            other.Handle(new PrepareExperience(1, 1, 0, new PublishedWeights(0, 0, Weights), SkipList.Empty), At);
            return other.Handle(new RolloutsRead(1, kept), At).Any(static effect => effect is HandOver);
        }
    }

    [Fact]
    public void Rollouts_that_were_found_wrong_are_not_read_again_and_each_is_sampled_twice()
    {
        var other = new RolloutsLogic(policy.Options);
        other.Begin(At);
        var asked = other.Handle(
            new PrepareExperience(1, 1, 0, new PublishedWeights(0, 0, Weights), SkipList.Empty) { IsDoubted = true }, At);
        asked.ShouldNotContain(static effect => effect is TellLedger);
        var orders = asked.OfType<TellWorker>().Where(static told => told.Command is GenerateRollouts).ToList();
        orders.SelectMany(static told => ((GenerateRollouts)told.Command).Samples).GroupBy(static sample => sample)
            .ShouldAllBe(static times => times.Count() == 2);
        foreach (var sample in Enumerable.Range(0, SimulatedPolicy.Samples))
        {
            orders.Where(told => ((GenerateRollouts)told.Command).Samples.Contains(sample)).Select(static told => told.Worker).Distinct()
                .Count().ShouldBe(2, $"workers of sample {sample}");
        }
    }

    // With a lag of 2, those of step 2 may be ready before those of steps 0 and 1.
    [Fact]
    public void Rollouts_that_are_ready_early_are_still_there_when_their_step_comes()
    {
        var memory = new ExperienceMemory(new RolloutSchedule(Lag: 2, Window: 8));
        foreach (var step in new[] { 2, 0, 1, 3, 4 })
            memory.Put(policy.Experience(step, Weights, SkipList.Empty));
        memory.Tokens(Plan.Samples(2, SkipList.Empty)).ShouldBe(policy.Experience(2, Weights, SkipList.Empty).Counts.Tokens);
    }

    [Theory]
    [InlineData(1000)]
    [InlineData(-5)]
    public void Whoever_reports_a_token_that_is_not_in_the_vocabulary_is_replaced(int id)
    {
        var other = new RolloutsLogic(policy.Options with { Pieces = 1000 });
        other.Begin(At);
        other.Handle(new PrepareExperience(1, 1, 0, new PublishedWeights(0, 0, Weights), SkipList.Empty), At);
        var told = other.Handle(new RolloutsRead(1, null), At).OfType<TellWorker>().First();
        var sample = ((GenerateRollouts)told.Command).Samples[0];
        var wrong = new RolloutDone(
            told.Worker, 1, position, sample, 0, new Rollout([id], [SimulatedPolicy.LogProbability(Weights)], HasEnded: false), Weights);
        var effects = other.Handle(wrong, At);
        effects.ShouldContain(new StopWorker(told.Worker));
        effects.OfType<TellRunOf>().Select(static one => one.Report).ShouldHaveSingleItem().ShouldBeOfType<WorkerCorrupted>()
            .Worker.ShouldBe(told.Worker);
    }

    [Fact]
    public void A_prepared_step_is_answered_again_and_an_older_number_is_not()
    {
        var other = new RolloutsLogic(policy.Options);
        other.Begin(At);
        var asked = new PrepareExperience(4, 4, 0, new PublishedWeights(0, 0, Weights), SkipList.Empty);
        other.Handle(asked, At);
        other.Handle(new RolloutsRead(4, new StepRollouts(0, Weights, [.. policy.Experience(0, Weights, SkipList.Empty).Groups])), At);
        other.Handle(asked, At).ShouldHaveSingleItem().ShouldBeOfType<TellRunOf>().Report.ShouldBeOfType<ExperiencePrepared>()
            .Hash.ShouldBe(policy.Experience(0, Weights, SkipList.Empty).Hash);
        other.Handle(asked with { Number = 3, Step = 5 }, At).ShouldBeEmpty();
    }

    // Seed 295 of the simulation: orders whose weights are gone filled the only sampler for ever, so that those which replaced them were
    // never given to it.
    [Fact]
    public void A_step_that_is_asked_for_anew_while_an_earlier_one_is_still_wanted_is_sampled_with_the_new_weights()
    {
        var options = policy.Options;
        var other = new RolloutsLogic(options with { Rollouts = options.Rollouts with { Workers = 1, Slots = 1 } });
        other.Begin(At);
        var refused = new PrepareExperience(2, 1, 1, new PublishedWeights(0, 0, Weights), SkipList.Empty);
        other.Handle(refused, At);
        other.Handle(new RolloutsRead(2, null), At).OfType<TellWorker>().ShouldNotBeEmpty();
        other.Handle(refused with { Number = 3, Weights = new PublishedWeights(0, 1, Weights) }, At);
        var given = other.Handle(new RolloutsRead(3, null), At).OfType<TellWorker>().Select(static told => told.Command).ToList();
        given.OfType<GenerateRollouts>().ShouldNotBeEmpty();
        given.ShouldAllBe(static order => order.Number == 3);
        other.Handle(refused, At).ShouldBeEmpty();
    }

    [Fact]
    public void A_ledger_that_fails_is_reported_and_asked_again_and_late_answers_of_another_number_are_not_taken()
    {
        var (honest, other) = Audited();
        Finish(honest, [0, 1, 2]);
        Done(other, 0, attempt: 1);
        Judge();
        Kept().ShouldNotBeNull();
        Do(logic.Handle(new LedgerFailed(1, "The disk is full."), At));
        Do(logic.Handle(new LedgerFailed(1, "The disk is full."), At));
        effects.OfType<TellRunOf>().Select(static told => told.Report).OfType<LedgerDelayed>().ShouldBe([new("The disk is full.")]);
        effects.Clear();
        Do(logic.Handle(new RolloutsKept(2), At));
        Do(logic.Handle(new RolloutsRead(1, null), At));
        effects.ShouldBeEmpty();
        Do(logic.Tick(At + TimeSpan.FromSeconds(1)));
        Kept().ShouldNotBeNull();
        Do(logic.Handle(new RolloutsKept(1), At));
        effects.OfType<TellRunOf>().Select(static told => told.Report).OfType<LedgerDelayed>().ShouldBe([new(null)]);
        effects.OfType<HandOver>().ShouldHaveSingleItem().Experience.Hash.ShouldBe(policy.Experience(0, Weights, SkipList.Empty).Hash);
    }

    [Theory]
    [InlineData(2, 1.0)]
    [InlineData(4, 1.0)]
    [InlineData(3, double.NaN)]
    [InlineData(3, double.PositiveInfinity)]
    public void A_scorer_that_gives_too_few_rewards_too_many_or_none_that_are_finite_is_replaced(int rewards, double reward)
    {
        var (honest, other) = Audited();
        Finish(honest, [0, 1, 2]);
        Done(other, 0, attempt: 1);
        var asked = Scorings.ShouldHaveSingleItem();
        Judge(Judgements.Single(static told => told.Worker.Role == ActorRole.Reference));
        var wrong = new RewardsScored(asked.Worker, 1, position, 0, [.. Enumerable.Repeat(new RolloutScore(reward, []), rewards)]);
        Do(logic.Handle(wrong, At));
        effects.OfType<StopWorker>().ShouldHaveSingleItem().Worker.ShouldBe(asked.Worker);
        effects.OfType<TellRunOf>().Select(static told => told.Report).OfType<WorkerLost>().ShouldHaveSingleItem().Worker.ShouldBe(asked.Worker);

        // Its next life is asked the same, and what the former one says late does not count.
        Do(logic.Tick(At + TimeSpan.FromMinutes(1)));
        Scorings[^1].Command.ShouldBe(asked.Command);
        Scorings[^1].Worker.ShouldNotBe(asked.Worker);
        Do(logic.Handle(wrong, At + TimeSpan.FromMinutes(1)));
        Kept().ShouldBeNull();
        Judge(Scorings[^1]);
        Judge();
        Kept()!.Groups[0].Samples.ShouldBe(policy.Experience(0, Weights, SkipList.Empty).Groups[0].Samples);
    }

    [Fact]
    public void Scores_that_will_not_come_fail_the_rollouts_and_those_that_are_late_do_not()
    {
        var (honest, other) = Audited();
        Finish(honest, [0, 1, 2]);
        Done(other, 0, attempt: 1);
        var scorer = Scorings[^1].Worker;
        effects.Clear();
        Do(logic.Handle(new ScoringDelayed(scorer, 1, "It is away."), At));
        Do(logic.Handle(new ScoringDelayed(scorer, 1, null), At));
        effects.OfType<TellRunOf>().Select(static told => told.Report).ShouldBe([new JudgeDelayed("It is away."), new JudgeDelayed(null)]);
        effects.Clear();
        Do(logic.Handle(new ScoringFailed(scorer, 1, position, 0, "It refuses."), At));
        effects.OfType<TellRunOf>().Select(static told => told.Report).ShouldBe([new RolloutsFailed("It refuses.")]);
        Kept().ShouldBeNull();
    }

    private (ActorId First, ActorId Auditor) Audited() => (
        Generations.Single(static told => told.Command is GenerateRollouts { Attempt: 0 } order && order.Samples.Contains(0)).Worker,
        Generations.Single(static told => told.Command is GenerateRollouts { Attempt: 1 }).Worker);

    private Rollout Right(int sample) => SimulatedPolicy.Rollout(Weights, position, sample);

    private Rollout Wrong(int sample) => Right(sample) with { Ids = [.. Right(sample).Ids.Select(static id => id + 1)] };

    private void Finish(ActorId worker, int[] samples, bool wrong = false)
    {
        foreach (var sample in samples)
            Done(worker, sample, attempt: 0, wrong ? Wrong(sample) : null);
    }

    private void Done(ActorId worker, int sample, int attempt, Rollout? rollout = null) =>
        Do(logic.Handle(new RolloutDone(worker, 1, position, sample, attempt, rollout ?? Right(sample), Weights), At));

    // Answers all orders to score and to compare, and those that follow.
    private void Judge()
    {
        for (var order = 0; order < Judgements.Count; order++)
            Judge(Judgements[order]);
    }

    private void Judge(TellWorker told)
    {
        var (worker, order) = (told.Worker, (JudgeRollouts)told.Command);
        Do(logic.Handle(worker.Role == ActorRole.Reward
            ? new RewardsScored(worker, 1, position, order.Attempt, [.. order.Rollouts.Select(SimulatedPolicy.Score)])
            : new ReferencesScored(worker, 1, position, order.Attempt, [.. order.Rollouts.Select(SimulatedPolicy.Reference)]), At));
    }

    private StepRollouts? Kept() =>
        effects.OfType<TellLedger>().Select(static told => told.Command).OfType<KeepRollouts>().LastOrDefault()?.Rollouts;

    private void Do(IReadOnlyList<RolloutsEffect> done) => effects.AddRange(done);
}
