using Akka.Actor;
using Akka.TestKit.Xunit2;

namespace ActorTrain.Platform.Tests.Persistence;

[Trait("Category", "Slow")]
public sealed class KillTests : TestKit
{
    /// <summary>A process that persists to SQLite is killed at odd moments, again and again: every event that was acknowledged is there,
    /// once.</summary>
    [Fact]
    public async Task All_acknowledged_events_are_there_after_kill_9()
    {
        using var store = new Store(StoreKind.Sqlite);
        var acknowledged = 0;
        var random = new Random(7);
        for (var life = 0; life < 5; life++)
        {
            using var child = ChildProgram.Start(store.ConnectionString, store.Id);
            var recovered = int.Parse((await child.StandardOutput.ReadLineAsync())!["recovered ".Length..]);
            recovered.ShouldBeGreaterThanOrEqualTo(acknowledged);
            acknowledged = recovered;
            for (var events = random.Next(1, 60); events > 0; events--)
                acknowledged = int.Parse((await child.StandardOutput.ReadLineAsync())!);
            child.Kill();
            while (await child.StandardOutput.ReadLineAsync() is { } line)
                acknowledged = int.TryParse(line, out var number) && number == acknowledged + 1 ? number : acknowledged;
            await child.WaitForExitAsync();
        }

        var system = ActorSystem.Create("after", store.Config);
        system.ActorOf(Props.Create(() => new Scripted(store.Id, TestActor, null, null)));
        var there = ExpectMsg<Recovered>(TimeSpan.FromSeconds(30)).What;
        there.ShouldBe(Enumerable.Range(1, there.Length).Select(static number => $"{number}"));
        there.Length.ShouldBeGreaterThanOrEqualTo(acknowledged);
        await system.Terminate();
    }
}
