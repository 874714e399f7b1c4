using ActorTrain.Actors.Hosting;
using ActorTrain.Persistence.Runs;
using Akka.Actor;
using Akka.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace ActorTrain.Host.Tests.Hosting;

/// <summary>An actor system that has the journal of a run, and nothing else of it.</summary>
internal static class JournalSystem
{
    public static ActorSystem Create(RunDirectory run, ILoggerFactory log) => new ServiceCollection()
        .AddAkka("journal", akka => akka
            .WithJournal(JournalDatabase.Of(run.JournalFile, postgres: ""))
            .ConfigureLoggers(loggers => loggers.ClearLoggers().AddLoggerFactory(log)))
        .BuildServiceProvider()
        .GetRequiredService<ActorSystem>();
}
