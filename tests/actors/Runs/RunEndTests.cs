using ActorTrain.Actors.Run;
using ActorTrain.Models;
using ActorTrain.Persistence.Journal;

namespace ActorTrain.Actors.Tests.Runs;

public sealed class RunEndTests
{
    private static readonly DateTimeOffset Noon = new(2026, 3, 4, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void The_first_reason_counts_unless_the_last_state_is_lost()
    {
        var end = new RunEnd();
        end.IsEnding.ShouldBeFalse();
        end.Stop("SIGTERM");
        end.Stop("SIGINT");
        end.Fail("a trainer failed");
        end.Fail("another");
        (end.StopReason, end.Failure, end.IsEnding).ShouldBe(("SIGTERM", "a trainer failed", true));
        end.FailUnsaved("the disk is full");
        end.Failure.ShouldBe("the disk is full");
    }

    [Fact]
    public void It_is_decided_once_and_over_once()
    {
        var end = new RunEnd();
        Should.Throw<InvariantException>(end.NoteOver);
        end.NoteRecorded(Noon);
        end.Since(Noon.AddSeconds(2)).ShouldBe(TimeSpan.FromSeconds(2));
        Should.Throw<InvariantException>(() => end.NoteRecorded(Noon));
        end.NoteOver();
        end.IsOver.ShouldBeTrue();
        Should.Throw<InvariantException>(end.NoteOver);
    }

    [Fact]
    public void Actors_that_are_lost_are_known_by_their_role()
    {
        var end = new RunEnd();
        end.NoteLost(ActorRole.Checkpointer);
        (end.IsLost(ActorRole.Checkpointer), end.IsLost(ActorRole.Metrics)).ShouldBe((true, false));
    }
}
