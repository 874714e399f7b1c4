using ActorTrain.Actors.PostTraining;
using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Training;
using ActorTrain.Models;
using ActorTrain.Models.Plan;
using ActorTrain.Models.Rollouts;
using ActorTrain.Persistence.Journal;

namespace ActorTrain.Actors.Tests.PostTraining;

/// <summary>Rewards, log-probabilities and values that are computed twice: of two prompts, the audit is about the first.</summary>
public sealed class JudgementTests
{
    private const long Audited = 8, Other = 9;

    private static readonly DateTimeOffset Noon = new(2026, 11, 30, 12, 0, 0, TimeSpan.Zero);
    private static readonly PublishedWeights Published = new(Step: 4, Slot: 1, Hash: 77);

    private readonly List<RolloutsEffect> effects = [];
    private RolloutsLogic logic = null!;
    private int answered;

    [Theory]
    [InlineData(ActorRole.Reward)]
    [InlineData(ActorRole.Reference)]
    [InlineData(ActorRole.Critic)]
    public void What_one_of_two_judges_computes_wrongly_is_found_and_the_step_is_that_of_an_undisturbed_run(ActorRole role)
    {
        var right = Undisturbed();
        foreach (var wrong in new[] { 0, 1 })
        {
            Sample(judges: 2);
            Judge((worker, _) => (worker.Role, worker.Number) == (role, wrong));
            Corrupted().ShouldHaveSingleItem().Worker.ShouldBe(new ActorId(role, wrong));
            effects.ShouldContain(new StopWorker(new ActorId(role, wrong)));
            Kept().ShouldBe(right);
        }
    }

    [Theory]
    [InlineData(ActorRole.Reward)]
    [InlineData(ActorRole.Reference)]
    [InlineData(ActorRole.Critic)]
    public void What_the_only_judge_computes_wrongly_once_is_found_when_it_computes_it_again(ActorRole role)
    {
        var right = Undisturbed();
        foreach (var wrong in new[] { 0, 1 })
        {
            Sample(judges: 1);
            Judge((worker, order) => worker == new ActorId(role) && order.Position == Audited && order.Attempt == wrong);
            Corrupted().ShouldHaveSingleItem().Worker.ShouldBe(new ActorId(role));
            Kept().ShouldBe(right);
        }
    }

    [Fact]
    public void The_only_judge_computes_an_audited_prompt_twice_one_after_the_other_and_the_others_once()
    {
        Sample(judges: 1);
        Orders(ActorRole.Reward).Select(static order => (order.Position, order.Attempt)).ShouldBe(
            [(Audited, 0), (Other, 0)], ignoreOrder: true);
        Judge();
        foreach (var role in (ActorRole[])[ActorRole.Reward, ActorRole.Reference, ActorRole.Critic])
        {
            Orders(role).Count.ShouldBe(3, $"{role}");
            Orders(role)[^1].ShouldBe(Orders(role).First(static order => order.Position == Audited) with { Attempt = 1 });
        }

        Corrupted().ShouldBeEmpty();
        effects.ShouldNotContain(static effect => effect is StopWorker);
    }

    [Fact]
    public void Between_audits_each_prompt_is_judged_once()
    {
        Sample(judges: 2, auditEvery: 3);
        Judge();
        Orders(ActorRole.Reward).Select(static order => order.Position).ShouldBe([Audited, Other], ignoreOrder: true);
        Kept().ShouldBe(Undisturbed());
    }

    [Fact]
    public void Where_rollouts_were_found_wrong_each_prompt_is_judged_twice()
    {
        Sample(judges: 2, auditEvery: 0, isDoubted: true);
        Judge();
        Orders(ActorRole.Critic).GroupBy(static order => order.Position).Select(static orders => orders.Count()).ShouldBe([2, 2]);
        Kept().ShouldBe(Undisturbed());
    }

    [Fact]
    public void All_that_an_outlier_judged_in_the_step_is_judged_again()
    {
        Sample(judges: 2);
        var (audited, other) = (Told(ActorRole.Reward, Audited), Told(ActorRole.Reward, Other));
        audited.Worker.ShouldNotBe(other.Worker);

        // The second computation of the audited prompt is that of the outlier, which judged the other prompt alone before.
        Answer(other.Worker, Order(other), isWrong: true);
        Answer(audited.Worker, Order(audited), isWrong: false);
        var second = Told(ActorRole.Reward, Audited);
        second.Worker.ShouldBe(other.Worker);
        Answer(second.Worker, Order(second), isWrong: true);
        var third = Told(ActorRole.Reward, Audited);
        new[] { audited.Worker, other.Worker }.ShouldNotContain(third.Worker);
        Answer(third.Worker, Order(third), isWrong: false);

        // What it reports late does not count either.
        Answer(other.Worker, Order(other) with { Attempt = 1 }, isWrong: true);
        Judge();
        Corrupted().ShouldHaveSingleItem().Worker.ShouldBe(other.Worker);
        Orders(ActorRole.Reward).Where(static order => order.Position == Other).Select(static order => order.Attempt).ShouldBe([0, 1]);
        Kept().ShouldBe(Undisturbed());
    }

    [Fact]
    public void A_report_that_is_repeated_is_no_second_computation()
    {
        Sample(judges: 2);
        var first = Told(ActorRole.Reference, Audited);
        Answer(first.Worker, Order(first), isWrong: true);
        Answer(first.Worker, Order(first), isWrong: true);
        Judge((worker, order) => worker == first.Worker);
        Corrupted().ShouldHaveSingleItem().Worker.ShouldBe(first.Worker);
        Kept().ShouldBe(Undisturbed());
    }

    // Seeds 11111 and 13723 of the simulation: what two lives of one judge computed was kept before another had computed it.
    [Fact]
    public void Two_lives_of_a_judge_that_agree_do_not_spare_the_computation_of_another()
    {
        Sample(judges: 2);
        var first = Told(ActorRole.Reward, Audited);
        Answer(first.Worker with { Life = 2 }, Order(first), isWrong: true);
        Answer(first.Worker, Order(first), isWrong: true);
        var open = Told(ActorRole.Reward, Audited);
        open.Worker.Number.ShouldNotBe(first.Worker.Number);
        foreach (var told in Told().Where(told => told != open && told != first))
            Answer(told.Worker, Order(told), isWrong: false);
        Kept().ShouldBeNull();
        Judge((worker, _) => worker == first.Worker);
        Corrupted().ShouldHaveSingleItem().Worker.Number.ShouldBe(first.Worker.Number);
        Kept().ShouldBe(Undisturbed());
    }

    [Fact]
    public void A_late_report_that_differs_opens_the_vote_again()
    {
        Sample(judges: 2, auditEvery: 0);
        var first = Told(ActorRole.Reward, Other);

        // It was taken for lost, and another life answers; then what the former one reported arrives.
        Answer(first.Worker with { Life = 2 }, Order(first), isWrong: true);
        Answer(first.Worker, Order(first), isWrong: false);
        var third = Told(ActorRole.Reward, Other);
        third.Worker.Number.ShouldNotBe(first.Worker.Number);
        Judge();
        Corrupted().ShouldHaveSingleItem().Worker.Number.ShouldBe(first.Worker.Number);
        Kept().ShouldBe(Undisturbed());
    }

    [Fact]
    public void What_was_computed_of_former_rollouts_is_not_compared_with_what_is_computed_of_the_present_ones()
    {
        Sample(judges: 2, auditEvery: 0);
        var before = Told(ActorRole.Reward, Other);

        // A former sampler reports another rollout late, and a third computes that one too.
        var present = Rollout(Other) with { Ids = [77], LogProbabilities = [-1] };
        Sampled(Other, new ActorId(ActorRole.Rollout, 5), present);
        var third = effects.OfType<TellWorker>().Last(static told => told.Command is GenerateRollouts);
        Sampled(Other, third.Worker, present, ((GenerateRollouts)third.Command).Attempt);
        var now = Told(ActorRole.Reward, Other);
        Order(now).Rollouts.ShouldBe([present]);
        Order(now).Attempt.ShouldBe(1);
        Answer(before.Worker, Order(before), isWrong: true);
        Judge();
        Corrupted().ShouldAllBe(static found => found.Worker.Role == ActorRole.Rollout);
        Kept()!.Groups[1].Samples[0].ShouldBe(new ScoredRollout(present, SimulatedPolicy.Score(present), SimulatedPolicy.Reference(present))
        {
            Values = Values(present),
        });
    }

    private StepRollouts? Undisturbed()
    {
        Sample(judges: 2);
        Judge();
        Corrupted().ShouldBeEmpty();
        return Kept().ShouldNotBeNull();
    }

    // A new step, whose rollouts are all sampled.
    private void Sample(int judges, int auditEvery = 1, bool isDoubted = false)
    {
        effects.Clear();
        answered = 0;
        logic = new RolloutsLogic(new RolloutsOptions
        {
            Prompts = static (_, _) => [new Prompt(Audited, [1, 2]), new Prompt(Other, [3])],
            Rollouts = new RolloutOptions { Samples = 1, Workers = 2 },
            Advantages = new AdvantageOptions { Estimator = AdvantageEstimator.Gae, KlCoefficient = 0.125 },
            Rewards = judges,
            References = judges,
            Critics = judges,
            AuditEvery = auditEvery,
            Supervision = new TrainerSupervisorOptions(),
        });
        Do(logic.Begin(Noon));
        Do(logic.Handle(new PrepareExperience(1, 1, Step: 4, Published, SkipList.Empty) { IsDoubted = isDoubted }, Noon));
        Do(logic.Handle(new RolloutsRead(1, null), Noon));
        foreach (var (worker, order) in effects.OfType<TellWorker>().Where(static told => told.Command is GenerateRollouts)
            .Select(static told => (told.Worker, (GenerateRollouts)told.Command)).ToList())
            Sampled(order.Position, worker, Rollout(order.Position), order.Attempt);
    }

    private void Sampled(long position, ActorId worker, Rollout rollout, int attempt = 0) =>
        Do(logic.Handle(new RolloutDone(worker, 1, position, Sample: 0, attempt, rollout, Published.Hash), Noon));

    // Answers all orders that are not answered, and those that follow.
    private void Judge(Func<ActorId, JudgeRollouts, bool>? isWrong = null)
    {
        for (; answered < Told().Count; answered++)
        {
            var told = Told()[answered];
            Answer(told.Worker, Order(told), isWrong?.Invoke(told.Worker, Order(told)) == true);
        }
    }

    private void Answer(ActorId worker, JudgeRollouts order, bool isWrong)
    {
        var error = isWrong ? 0.25f : 0;
        Do(logic.Handle(worker.Role switch
        {
            ActorRole.Reward => new RewardsScored(worker, 1, order.Position, order.Attempt,
                [.. order.Rollouts.Select(rollout => SimulatedPolicy.ScoreBut(rollout, error))]),
            ActorRole.Reference => new ReferencesScored(worker, 1, order.Position, order.Attempt,
                [.. order.Rollouts.Select(rollout => Changed(SimulatedPolicy.Reference(rollout)))]),
            _ => new ValuesEstimated(worker, 1, order.Position, order.Attempt,
                [.. order.Rollouts.Select(rollout => Changed(Values(rollout)))]),
        }, Noon));

        EquatableArray<float> Changed(EquatableArray<float> values) => [.. values.Select(value => value + error)];
    }

    private static Rollout Rollout(long position) => SimulatedPolicy.Rollout(Published.Hash, position, sample: 0);

    private static EquatableArray<float> Values(Rollout rollout) => [.. rollout.Ids.Select(static id => (float)(id % 8) / 8)];

    private List<TellWorker> Told() => [.. effects.OfType<TellWorker>().Where(static told => told.Command is JudgeRollouts)];

    private TellWorker Told(ActorRole role, long position) =>
        Told().Last(told => told.Worker.Role == role && Order(told).Position == position);

    private List<JudgeRollouts> Orders(ActorRole role) => [.. Told().Where(told => told.Worker.Role == role).Select(Order)];

    private static JudgeRollouts Order(TellWorker told) => (JudgeRollouts)told.Command;

    private List<WorkerCorrupted> Corrupted() =>
        [.. effects.OfType<TellRunOf>().Select(static told => told.Report).OfType<WorkerCorrupted>()];

    private StepRollouts? Kept() =>
        effects.OfType<TellLedger>().Select(static told => told.Command).OfType<KeepRollouts>().LastOrDefault()?.Rollouts;

    private void Do(IReadOnlyList<RolloutsEffect> done) => effects.AddRange(done);
}
