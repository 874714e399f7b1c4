using ActorTrain.Actors.Nodes;
using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Recovery;
using ActorTrain.Actors.Tests.Recovery;
using ActorTrain.Persistence.Journal;
using ActorTrain.Persistence.Recovery;

namespace ActorTrain.Actors.Tests.Nodes;

/// <summary>A new leader waits for the nodes of the one before no longer than it must, and takes the best state that it can get.</summary>
public sealed class StateSearchLogicTests
{
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly RecoveryState Checkpoint = RecoveryState.Of([new RunOrigin(10, "aa", RunOverrides.None)]);
    private static readonly RunEvent[] Journal =
    [
        new RunStarted(Start, "hash", 100, 8, 2), new TrainerJoined(Start, 0, ActorId.Trainer(0, 1), 1),
        new TrainerJoined(Start, 0, ActorId.Trainer(1, 1), 2),
    ];

    private readonly StateSearchLogic search = New(Journal);

    [Fact]
    public void A_run_whose_last_process_ended_in_order_begins_at_once()
    {
        New([.. Journal, new RunStopped(Start, 12, "SIGTERM")]).Begin(Start).ShouldBe([new SearchDone(Checkpoint)]);
        New([]).Begin(Start).ShouldBe([new SearchDone(Checkpoint)]);
    }

    [Fact]
    public void When_all_trainers_of_the_last_process_are_accounted_for_the_best_state_is_copied()
    {
        search.Begin(Start).ShouldBeEmpty();
        search.Came(Hello("a", 30), Start).ShouldBeEmpty();
        search.Came(Hello("b", 31), Start).ShouldBe([new FetchFrom(Key("b"), 0, 31)]);
        Found(search.Copied(new RetainedCopied(Key("b"), 6, 31, null), Start)).Held.ShouldHaveSingleItem().Step.ShouldBe(31);
        search.Tick(Start + TimeSpan.FromHours(1)).ShouldBeEmpty();
    }

    [Fact]
    public void Those_that_are_missing_are_waited_for_a_while()
    {
        search.Begin(Start);
        search.Came(Hello("a", 30), Start);
        search.Tick(Start + TimeSpan.FromSeconds(2.9)).ShouldBeEmpty();
        search.Tick(Start + TimeSpan.FromSeconds(3)).ShouldBe([new FetchFrom(Key("a"), 0, 30)]);
    }

    [Fact]
    public void Without_a_node_the_run_resumes_from_its_checkpoint()
    {
        search.Begin(Start);
        search.Came(new NodeHello(Key("new"), 1, 1, "b", "here", 4, 0, null), Start).ShouldBeEmpty();
        search.Tick(Start + TimeSpan.FromSeconds(3)).ShouldBe([new SearchDone(Checkpoint)]);
    }

    [Fact]
    public void States_of_another_run_or_another_configuration_are_not_taken()
    {
        search.Begin(Start);
        var (run, configuration) = (Hello("a", 30), Hello("b", 30));
        search.Came(run with { Retained = run.Retained! with { Run = "/runs/b" } }, Start);
        Found(search.Came(configuration with { Retained = configuration.Retained! with { ConfigurationHash = "d" } }, Start))
            .ShouldBe(Checkpoint);
    }

    [Fact]
    public void A_request_is_repeated_until_it_is_answered()
    {
        search.Begin(Start);
        search.Came(Hello("a", 30), Start);
        search.Came(Hello("b", 30), Start).ShouldBe([new FetchFrom(Key("a"), 0, 30)]);
        search.Tick(Start + TimeSpan.FromSeconds(0.9)).ShouldBeEmpty();
        search.Tick(Start + TimeSpan.FromSeconds(1)).ShouldBe([new FetchFrom(Key("a"), 0, 30)]);
        search.Copied(new RetainedCopied(Key("b"), 6, 30, null), Start).ShouldBeEmpty();
    }

    [Theory]
    [InlineData("lost")]
    [InlineData("refused")]
    [InlineData("silent")]
    public void A_node_that_does_not_hand_its_state_over_is_passed_over_for_the_next(string how)
    {
        search.Begin(Start);
        search.Came(Hello("a", 31), Start);
        search.Came(Hello("b", 30), Start).ShouldBe([new FetchFrom(Key("a"), 0, 31)]);
        var effects = how switch
        {
            "lost" => search.Went(Key("a"), Start),
            "refused" => search.Copied(new RetainedCopied(Key("a"), 6, 31, "It changed in memory."), Start),
            _ => search.Tick(Start + TimeSpan.FromSeconds(30)),
        };
        effects.OfType<FetchFrom>().ShouldHaveSingleItem().ShouldBe(new FetchFrom(Key("b"), 0, 30));
        effects.OfType<SearchNotice>().Count().ShouldBe(how == "lost" ? 0 : 1);
        search.Copied(new RetainedCopied(Key("a"), 6, 31, null), Start).ShouldBeEmpty();
        Found(search.Went(Key("b"), Start)).ShouldBe(Checkpoint);
    }

    private static RecoveryState Found(IReadOnlyList<StateSearchEffect> effects) =>
        effects.OfType<SearchDone>().ShouldHaveSingleItem().Found;

    private static StateSearchLogic New(IReadOnlyList<RunEvent> journal) => new(
        new StateSearchOptions { Run = "/runs/a", ConfigurationHash = "c" }, new RetainedStates(journal, Checkpoint, 29), Checkpoint);

    private static NodeKey Key(string name) => new(name, 1);

    private static NodeHello Hello(string name, long step) => new(Key(name), 1, 1, "b", "here", 4, 0, null)
    {
        Hosted = 1,
        Retained = RetainedStatesTests.State(Journal, step, 28),
    };
}
