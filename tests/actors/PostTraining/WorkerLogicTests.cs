using ActorTrain.Actors.PostTraining;
using ActorTrain.Actors.Protocol;
using ActorTrain.Models;
using ActorTrain.Models.Rollouts;
using ActorTrain.Persistence.Journal;

namespace ActorTrain.Actors.Tests.PostTraining;

public sealed class WorkerLogicTests : IDisposable
{
    private static readonly ActorId Id = new(ActorRole.Rollout, 1, 2);

    private readonly Device device = new();
    private readonly List<WorkerReport> told = [];
    private readonly WorkerLogic logic;

    public WorkerLogicTests() => logic = new WorkerLogic(Id, device, told.Add);

    public void Dispose() => device.Dispose();

    [Fact]
    public void An_order_that_is_repeated_is_done_once_and_answered_again()
    {
        logic.Handle(Generate(1, 7, [0, 1]));
        logic.Handle(Generate(1, 7, [1, 0]));
        logic.Handle(Generate(1, 7, [0, 1, 2]));
        Finish();
        told.OfType<RolloutDone>().Select(static done => (done.Worker, done.Position, done.Sample))
            .ShouldBe([(Id, 7, 0), (Id, 7, 1), (Id, 7, 2)]);
        told.Clear();
        logic.Handle(Generate(1, 7, [1]));
        told.ShouldHaveSingleItem().ShouldBeOfType<RolloutDone>().Sample.ShouldBe(1);
        logic.HasWork.ShouldBeFalse();
        device.Begun.Count.ShouldBe(3);

        // A computation for comparison is another one.
        logic.Handle(Generate(1, 7, [1], attempt: 1));
        Finish();
        device.Begun.Count.ShouldBe(4);
    }

    [Fact]
    public void What_was_judged_of_other_rollouts_is_no_answer()
    {
        logic.Handle(new JudgeRollouts(1, new PublishedWeights(0, 0, 0), 7, [1], [], Attempt: 0));
        Finish();
        logic.Handle(new JudgeRollouts(1, new PublishedWeights(0, 0, 0), 7, [1], [], Attempt: 0));
        logic.Handle(new JudgeRollouts(1, new PublishedWeights(0, 0, 0), 7, [1], [], Attempt: 1));
        Finish();
        told.OfType<RewardsScored>().Select(static scored => scored.Attempt).ShouldBe([0, 0, 1]);
        device.Begun.Count.ShouldBe(2);
    }

    [Fact]
    public void Work_for_an_experience_is_done_before_that_for_a_later_one_and_never_beside_it()
    {
        logic.Handle(Generate(2, 1, [0, 1]));
        logic.Handle(Generate(1, 1, [0, 1]));
        logic.Work();
        logic.Handle(Generate(3, 1, [0]));
        logic.Handle(Generate(1, 2, [0]));
        Finish();
        told.OfType<RolloutDone>().Select(static done => done.Number).ShouldBe([1, 1, 1, 2, 2, 3]);
    }

    [Fact]
    public void What_is_to_be_forgotten_is_not_done_and_can_be_asked_again()
    {
        device.Pieces = 2;
        logic.Handle(Generate(1, 1, [0, 1]));
        logic.Work();
        logic.Handle(Generate(2, 1, [0]));
        logic.Handle(new ForgetRollouts(3));
        logic.HasWork.ShouldBeFalse();
        logic.Handle(Generate(3, 1, [0]));
        Finish();
        told.OfType<RolloutDone>().ShouldHaveSingleItem().Number.ShouldBe(3);

        // What is under way for it goes on.
        logic.Handle(Generate(4, 1, [0]));
        logic.Work();
        logic.Handle(new ForgetRollouts(4));
        Finish();
        told.OfType<RolloutDone>().Last().Number.ShouldBe(4);
    }

    [Fact]
    public void An_order_whose_weights_are_gone_is_refused_and_tried_again_when_it_is_repeated()
    {
        device.Refusal = "They are gone.";
        logic.Handle(Generate(1, 1, [0]));
        Finish();
        told.ShouldHaveSingleItem().ShouldBe(new WeightsMissing(Id, 1, "They are gone."));
        logic.HasWork.ShouldBeFalse();
        device.Refusal = null;
        logic.Handle(Generate(1, 1, [0]));
        Finish();
        told.Count.ShouldBe(2);
        told[1].ShouldBeOfType<RolloutDone>();
    }

    [Fact]
    public void A_long_piece_of_work_shows_signs_of_life()
    {
        device.Pieces = 100;
        logic.Handle(Generate(5, 1, [0]));
        Finish();
        told.OfType<WorkerProgressed>().Count().ShouldBeInRange(3, 50);
        told.OfType<WorkerProgressed>().ShouldAllBe(static progress => progress.Worker == Id && progress.Number == 5);
    }

    private static GenerateRollouts Generate(long number, long position, int[] samples, int attempt = 0) =>
        new(number, new PublishedWeights(number, 0, 7), position, [1], [.. samples], attempt);

    private void Finish()
    {
        for (var pieces = 0; logic.HasWork; pieces++)
        {
            pieces.ShouldBeLessThan(1000);
            logic.Work();
        }
    }

    private sealed class Device : IWorkerDevice
    {
        private readonly Queue<(WorkerReport Report, int Pieces)> underWay = [];

        public List<WorkerCommand> Begun { get; } = [];

        public int Pieces { get; set; } = 1;

        public string? Refusal { get; set; }

        public bool HasWork => underWay.Count > 0;

        public string? Begin(WorkerCommand order)
        {
            if (Refusal is not null)
                return Refusal;
            if (underWay.Any(one => one.Report.Number != order.Number))
                throw new InvariantException("Work for two experiences is done beside each other.");
            switch (order)
            {
                case GenerateRollouts generate:
                    foreach (var sample in generate.Samples)
                    {
                        Begun.Add(order);
                        underWay.Enqueue((new RolloutDone(
                            default, generate.Number, generate.Position, sample, generate.Attempt, new Rollout([1], [-1], false), 7), Pieces));
                    }

                    break;
                case JudgeRollouts judge:
                    Begun.Add(order);
                    underWay.Enqueue((new RewardsScored(default, judge.Number, judge.Position, judge.Attempt, []), Pieces));
                    break;
            }

            return null;
        }

        public IReadOnlyList<WorkerReport> Advance()
        {
            var (report, pieces) = underWay.Dequeue();
            if (pieces == 1)
                return [report];
            underWay.Enqueue((report, pieces - 1));
            return [];
        }

        public void GiveUp() => underWay.Clear();

        public void Dispose() => GiveUp();
    }
}
