using ActorTrain.Actors.Goodput;
using ActorTrain.Actors.Protocol;
using ActorTrain.Persistence.Goodput;
using ActorTrain.Persistence.Terms;
using Akka.Actor;
using Akka.TestKit.Xunit2;

namespace ActorTrain.Actors.Tests.Goodput;

public sealed class GoodputRecorderTests() : TestKit(Training.TinyTraining.Settings)
{
    private readonly TestFolder folder = new();

    private string File => folder.At("goodput.jsonl");

    [Fact]
    public void Rows_are_written_as_time_passes_and_the_last_one_at_the_end()
    {
        var recorder = Start(TimeSpan.FromMilliseconds(20), out var began);
        recorder.Tell(new GoodputTurn(began.AddMilliseconds(1), GoodputActivity.NewSteps, null, 0));
        AwaitAssert(() => GoodputLog.Read(File).Count().ShouldBeGreaterThan(2), TimeSpan.FromSeconds(30));
        recorder.Tell(new GoodputTurn(DateTimeOffset.UtcNow, GoodputActivity.Ending, null, 4));
        Watch(recorder);

        // A stop would overtake what was told before it.
        recorder.Tell(PoisonPill.Instance);
        ExpectTerminated(recorder, TimeSpan.FromSeconds(30));
        var rows = GoodputLog.Read(File).ToList();
        rows[0].From.ShouldBe(began);
        rows.Zip(rows.Skip(1)).ShouldAllBe(static pair => pair.Item1.To == pair.Item2.From);
        rows[^1].Shares[^1].Activity.ShouldBe(GoodputActivity.Ending);
        rows.Sum(static row => row.NewSteps).ShouldBe(4);
    }

    [Fact]
    public void A_disk_that_refuses_is_told_once_and_what_waited_is_written_when_it_takes_it()
    {
        Directory.CreateDirectory(File);
        var recorder = Start(TimeSpan.FromMilliseconds(20), out var began);
        recorder.Tell(new GoodputTurn(began.AddMilliseconds(1), GoodputActivity.NewSteps, null, 0));
        var refused = ExpectMsg<Notice>(TimeSpan.FromSeconds(30));
        refused.IsWarning.ShouldBeTrue();
        refused.Sentence.ShouldContain("goodput.jsonl");
        Directory.Delete(File);
        ExpectMsg<Notice>(TimeSpan.FromSeconds(30)).IsWarning.ShouldBeFalse();
        GoodputLog.Read(File).First().From.ShouldBe(began);
    }

    protected override void AfterAll()
    {
        base.AfterAll();
        folder.Dispose();
    }

    private IActorRef Start(TimeSpan interval, out DateTimeOffset began)
    {
        var options = new GoodputOptions { File = File, ProcessBegan = DateTimeOffset.UtcNow, RowInterval = interval };
        began = options.ProcessBegan;
        var listener = TestActor;
        return Sys.ActorOf(Props.Create(() => new GoodputRecorder(options, RunTerm.None, listener)));
    }
}
