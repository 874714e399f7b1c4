using System.Runtime.InteropServices;
using ActorTrain.Host.Hosting;

namespace ActorTrain.Host.Tests;

/// <summary>Signals go to the whole process: while they come, no other test may run a command that hears them.</summary>
[CollectionDefinition(nameof(StopSignalTests), DisableParallelization = true)]
public sealed class Signals;

[Collection(nameof(StopSignalTests))]
public sealed partial class StopSignalTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [Theory]
    [InlineData(15, 143)]
    [InlineData(2, 130)]
    public void The_first_signal_asks_to_stop_and_the_second_ends_at_once(int signal, int code)
    {
        var notices = 0;
        using var ended = new ManualResetEventSlim();
        var endedWith = 0;
        using var stop = new StopSignal(() => notices++, with =>
        {
            endedWith = with;
            ended.Set();
        });
        stop.Requested.ShouldBeFalse();

        Kill(Environment.ProcessId, signal).ShouldBe(0);
        stop.Token.WaitHandle.WaitOne(Patience).ShouldBeTrue();
        stop.Requested.ShouldBeTrue();
        notices.ShouldBe(1);
        ended.IsSet.ShouldBeFalse();

        Kill(Environment.ProcessId, signal).ShouldBe(0);
        ended.Wait(Patience).ShouldBeTrue();
        endedWith.ShouldBe(code);
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int process, int signal);
}
