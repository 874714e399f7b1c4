using System.Diagnostics;
using Akka.Actor;
using Akka.Persistence;

namespace ActorTrain.Platform.Tests.Persistence;

/// <summary>What a test runs in a process of its own, to be killed.</summary>
public static class ChildProgram
{
    /// <summary>Persists events in SQLite until it is killed, and says the number of each when it is acknowledged.</summary>
    /// <param name="arguments">The connection string and the persistence id.</param>
    public static int Main(string[] arguments)
    {
        var system = ActorSystem.Create("child", Store.Sql(arguments[0], "SQLite.MS"));
        system.ActorOf(Props.Create(() => new Counter(arguments[1])));
        system.WhenTerminated.Wait();
        return 0;
    }

    internal static Process Start(params string[] arguments) => Process.Start(
        new ProcessStartInfo("dotnet", ["exec", typeof(ChildProgram).Assembly.Location, .. arguments]) { RedirectStandardOutput = true })!;

    /// <summary>Persists the next number as soon as the last is acknowledged, and says all numbers that came back.</summary>
    private sealed class Counter : ReceivePersistentActor
    {
        private int last;

        public Counter(string id)
        {
            PersistenceId = id;
            Recover<Happened>(happened => last = int.Parse(happened.What));
            Recover<RecoveryCompleted>(_ =>
            {
                Console.WriteLine($"recovered {last}");
                Next();
                Next();
            });
        }

        public override string PersistenceId { get; }

        private void Next() => PersistAsync(new Happened($"{++last}"), happened =>
        {
            Console.WriteLine(happened.What);
            Next();
        });
    }
}
