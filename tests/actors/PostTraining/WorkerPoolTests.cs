using ActorTrain.Actors.PostTraining;
using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Training;
using ActorTrain.Persistence.Journal;

namespace ActorTrain.Actors.Tests.PostTraining;

public sealed class WorkerPoolTests
{
    private static readonly DateTimeOffset Start = new(2026, 3, 4, 12, 0, 0, TimeSpan.Zero);

    private static readonly TrainerSupervisorOptions Supervision = new()
    {
        MinBackoff = TimeSpan.FromSeconds(1),
        MaxBackoff = TimeSpan.FromSeconds(4),
        ResetAfter = TimeSpan.FromSeconds(60),
        MaxLosses = 4,
        Window = TimeSpan.FromMinutes(30),
    };

    [Fact]
    public void A_lost_worker_is_started_again_after_a_backoff_that_doubles_until_one_lives_long()
    {
        var pool = Pool(1);
        var now = Start;
        var life = Spawned(pool.Tick(now)).ShouldHaveSingleItem();
        life.ShouldBe(new ActorId(ActorRole.Rollout));
        foreach (var seconds in new[] { 1, 2, 4 })
        {
            pool.Ended(life, new LifeFailure("It threw."), now).ToList().ShouldHaveSingleItem().ShouldBe(new TellRunOf(new WorkerLost(life, "It threw.")));
            pool.Workers.ShouldBeEmpty();
            pool.DueAt.ShouldBe(now + TimeSpan.FromSeconds(seconds));
            Spawned(pool.Tick(pool.DueAt!.Value - TimeSpan.FromTicks(1))).ShouldBeEmpty();
            now = pool.DueAt!.Value;
            life = Spawned(pool.Tick(now)).ShouldHaveSingleItem();
            life.ShouldBe(new ActorId(ActorRole.Rollout, 0, life.Life));
        }

        now += TimeSpan.FromMinutes(40);
        pool.Ended(life, new LifeFailure("It threw."), now).ToList().Count.ShouldBe(1);
        pool.DueAt.ShouldBe(now + TimeSpan.FromSeconds(1));
    }

    [Fact]
    public void A_worker_that_is_lost_too_often_is_given_up_and_not_started_again()
    {
        var pool = Pool(2);
        var now = Start;
        _ = pool.Tick(now).ToList();
        for (var loss = 1; loss <= 5; loss++)
        {
            var life = pool.Workers.First(static worker => worker.Number == 0);
            var effects = pool.Ended(life, new LifeFailure("It threw."), now).ToList();
            effects.Count(static effect => effect is TellRunOf { Report: ActorGivenUp }).ShouldBe(loss == 5 ? 1 : 0);
            now += TimeSpan.FromSeconds(10);
            Spawned(pool.Tick(now)).Count.ShouldBe(loss == 5 ? 0 : 1);
        }

        pool.Workers.ShouldBe([new ActorId(ActorRole.Rollout, 1)]);
        Spawned(pool.Tick(now + TimeSpan.FromDays(1))).ShouldBeEmpty();
        pool.DueAt.ShouldBeNull();
    }

    [Fact]
    public void What_came_too_often_for_memory_is_given_up_sooner()
    {
        var pool = Pool(1);
        var now = Start;
        _ = pool.Tick(now).ToList();
        for (var loss = 1; loss <= 3; loss++)
        {
            pool.Ended(pool.Workers.Single(), new LifeFailure("No memory.", ForMemory: true), now).ToList()
                .Exists(static effect => effect is TellRunOf { Report: ActorGivenUp }).ShouldBe(loss == 3);
            now += TimeSpan.FromSeconds(10);
            _ = pool.Tick(now).ToList();
        }
    }

    // open-instruct#1454: a health check that waits behind the work; TRL#6797, TRL#7103: a hang without a timeout.
    [Fact]
    public void A_silent_worker_is_reminded_and_then_lost_and_its_work_is_given_to_others()
    {
        var pool = Pool(2);
        _ = pool.Tick(Start).ToList();
        var work = new Piece();
        var silent = Told(pool.Give([work], most: 4, Start)).ShouldHaveSingleItem().Worker;
        work.IsGiven.ShouldBeTrue();
        for (var seconds = 2; seconds < 10; seconds += 2)
            Told(pool.Tick(Start + TimeSpan.FromSeconds(seconds))).ShouldHaveSingleItem().Worker.ShouldBe(silent);

        // A sign of life, of the present life.
        pool.Hear(silent with { Life = 2 }, Start + TimeSpan.FromSeconds(9)).ShouldBeFalse();
        pool.Hear(silent, Start + TimeSpan.FromSeconds(9)).ShouldBeTrue();
        pool.Tick(Start + TimeSpan.FromSeconds(10)).ToList().ShouldBeEmpty();
        List<RolloutsEffect> effects = [.. pool.Tick(Start + TimeSpan.FromSeconds(19))];
        effects[0].ShouldBe(new StopWorker(silent));
        effects[1].ShouldBeOfType<TellRunOf>().Report.ShouldBeOfType<WorkerLost>().Reason.ShouldContain("10 s");
        work.IsGiven.ShouldBeFalse();
        Told(pool.Give([work], most: 4, Start + TimeSpan.FromSeconds(19))).ShouldHaveSingleItem().Worker.ShouldNotBe(silent);

        // Its end is told once more by its actor.
        pool.Ended(silent, new LifeFailure("It stopped."), Start + TimeSpan.FromSeconds(19)).ToList().ShouldBeEmpty();
    }

    [Fact]
    public void A_worker_without_work_may_be_silent()
    {
        var pool = Pool(3);
        _ = pool.Tick(Start).ToList();
        pool.DueAt.ShouldBeNull();
        pool.Tick(Start + TimeSpan.FromDays(1)).ToList().ShouldBeEmpty();

        // What it is given then is not late already.
        Told(pool.Give([new Piece()], 4, Start + TimeSpan.FromDays(1))).Count.ShouldBe(1);
        pool.Tick(Start + TimeSpan.FromDays(1) + TimeSpan.FromSeconds(2)).OfType<StopWorker>().ToList().ShouldBeEmpty();
    }

    [Fact]
    public void Work_is_shared_out_by_load_and_bounded()
    {
        var pool = Pool(3);
        _ = pool.Tick(Start).ToList();
        var work = Enumerable.Range(0, 20).Select(static _ => new Piece()).ToList();
        Told(pool.Give(work, most: 4, Start)).GroupBy(static told => told.Worker).Select(static told => told.Count()).ShouldBe([4, 4, 4]);
        work.Count(static one => one.IsGiven).ShouldBe(12);
        pool.Take(one => one == work[1]);
        Told(pool.Give(work.Where(static one => !one.IsGiven), most: 4, Start)).ShouldHaveSingleItem().Worker.Number.ShouldBe(1);
    }

    [Fact]
    public void Work_that_is_to_be_compared_goes_to_another_worker_or_waits_for_one()
    {
        var pool = Pool(2);
        _ = pool.Tick(Start).ToList();
        Told(pool.Give([new Piece { Rivals = [1] }], 1, Start)).ShouldHaveSingleItem().Worker.Number.ShouldBe(0);
        var waiting = new Piece { Rivals = [1] };
        Told(pool.Give([waiting], 1, Start)).ShouldBeEmpty();
        waiting.IsGiven.ShouldBeFalse();

        // Who is alone gets it all the same.
        var alone = Pool(1);
        _ = alone.Tick(Start).ToList();
        Told(alone.Give([new Piece { Rivals = [0] }], 1, Start)).Count.ShouldBe(1);
    }

    [Fact]
    public void In_the_place_of_one_that_computes_wrongly_another_number_is_put_and_not_without_end()
    {
        var pool = Pool(2);
        _ = pool.Tick(Start).ToList();
        var work = new Piece();
        var wrong = Told(pool.Give([work], 4, Start)).ShouldHaveSingleItem().Worker;
        pool.Replace(wrong, Start).ToList().ShouldHaveSingleItem().ShouldBe(new StopWorker(wrong));
        work.IsGiven.ShouldBeFalse();
        Spawned(pool.Tick(Start)).ShouldHaveSingleItem().ShouldBe(new ActorId(ActorRole.Rollout, 2));
        pool.Hear(wrong, Start).ShouldBeFalse();
        pool.Replace(wrong, Start).ToList().ShouldBeEmpty();
        for (var number = 2; number < 5; number++)
        {
            pool.Replace(new ActorId(ActorRole.Rollout, number), Start).OfType<TellRunOf>().ToList().ShouldBeEmpty();
            _ = pool.Tick(Start).ToList();
        }

        pool.Replace(new ActorId(ActorRole.Rollout, 5), Start).OfType<TellRunOf>().ToList().ShouldHaveSingleItem()
            .Report.ShouldBeOfType<ActorGivenUp>();
    }

    [Fact]
    public void On_nodes_each_life_waits_for_a_place_and_the_loss_of_a_node_counts_for_no_limit()
    {
        var pool = Pool(1, seeksPlaces: true);
        var now = Start;
        Asked(pool.Tick(now)).ShouldBe([new SeekPlace(ActorRole.Rollout, 0)]);
        pool.Workers.ShouldBeEmpty();

        // Who finds places may have forgotten it.
        pool.DueAt.ShouldBe(now + TimeSpan.FromSeconds(2));
        Asked(pool.Tick(now += TimeSpan.FromSeconds(2))).ShouldBe([new SeekPlace(ActorRole.Rollout, 0)]);
        for (var life = 1; life <= 20; life++)
        {
            var (place, worker) = (new Place($"node-{life}"), new ActorId(ActorRole.Rollout, 0, life));
            pool.Placed(0, place, now).ShouldBe(new SpawnWorker(worker) { Place = place });
            pool.Placed(0, place, now).ShouldBeNull();
            pool.Placed(0, new Place("other"), now).ShouldBe(new AskForPlace(new LeavePlace(new Place("other"))));
            var work = new Piece();
            Told(pool.Give([work], most: 4, now)).ShouldHaveSingleItem().Worker.ShouldBe(worker);

            // What moves or leaves is not lost.
            var end = (NodeEnd)(life % 3);
            pool.Ended(worker, new LifeFailure("It ended.") { Node = end }, now).OfType<TellRunOf>().Count().ShouldBe(end == NodeEnd.Lost ? 1 : 0);
            work.IsGiven.ShouldBeFalse();
            Asked(pool.Tick(now)).ShouldBe([new SeekPlace(ActorRole.Rollout, 0)]);
        }

        // A failure of its own waits for the end of the backoff.
        pool.Placed(0, new Place("a"), now);
        pool.Ended(pool.Workers.Single(), new LifeFailure("It threw."), now).ToList().Count.ShouldBe(1);
        Asked(pool.Tick(now)).ShouldBeEmpty();
        Asked(pool.Tick(now + TimeSpan.FromSeconds(1))).Count.ShouldBe(1);
    }

    [Fact]
    public void A_pool_grows_and_shrinks_and_what_those_who_go_had_to_do_waits_for_others()
    {
        var pool = Pool(1);
        _ = pool.Tick(Start).ToList();
        pool.Resize(3).ShouldBeEmpty();
        Spawned(pool.Tick(Start)).Select(static worker => worker.Number).ShouldBe([1, 2]);
        var work = Enumerable.Range(0, 3).Select(static _ => new Piece()).ToList();
        Told(pool.Give(work, most: 1, Start)).Count.ShouldBe(3);
        pool.Resize(1).ShouldBe([
            new StopWorker(new ActorId(ActorRole.Rollout, 2)), new StopWorker(new ActorId(ActorRole.Rollout, 1))]);
        work.Count(static one => one.IsGiven).ShouldBe(1);
        pool.Workers.ShouldBe([new ActorId(ActorRole.Rollout)]);

        // A number is never used again, and who waits for a place goes first.
        var onNodes = Pool(2, seeksPlaces: true);
        _ = onNodes.Tick(Start).ToList();
        onNodes.Placed(1, new Place("a"), Start);
        onNodes.Resize(1).ShouldBe([new AskForPlace(new ForgetPlace(ActorRole.Rollout, 0))]);
        onNodes.Placed(0, new Place("b"), Start).ShouldBe(new AskForPlace(new LeavePlace(new Place("b"))));
        onNodes.Resize(2).ShouldBeEmpty();
        Asked(onNodes.Tick(Start)).ShouldBe([new SeekPlace(ActorRole.Rollout, 2)]);
    }

    private static WorkerPool Pool(int count, bool seeksPlaces = false) =>
        new(ActorRole.Rollout, count, Supervision, TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(2), seeksPlaces);

    private static List<object> Asked(IEnumerable<RolloutsEffect> effects) =>
        [.. effects.OfType<AskForPlace>().Select(static asked => asked.Message)];

    private static List<ActorId> Spawned(IEnumerable<RolloutsEffect> effects) =>
        [.. effects.OfType<SpawnWorker>().Select(static spawn => spawn.Worker)];

    private static List<TellWorker> Told(IEnumerable<RolloutsEffect> effects) => [.. effects.OfType<TellWorker>()];

    private sealed record Place(string Node) : LifePlace(Node);

    private sealed class Piece : WorkerPool.Work
    {
        public HashSet<int> Rivals { get; init; } = [];

        public override IReadOnlySet<int> NotBy => Rivals;

        public override WorkerCommand Command() => new ForgetRollouts(1);
    }
}
