using Akka.Actor;
using Akka.Configuration;
using Akka.Event;
using Akka.TestKit.Internal;
using Akka.TestKit.Xunit2.Internals;
using Xunit.Abstractions;

namespace Akka.TestKit.Xunit2;

/// <summary>The base of xunit 2 test classes that test actors: each test has an actor system of its own, which ends with it.</summary>
public class TestKit : TestKitBase, IDisposable
{
    /// <summary>Where the test writes, or null.</summary>
    protected readonly ITestOutputHelper Output;

    private bool disposed;

    /// <summary>Uses an actor system that is already there, or makes one with <see cref="DefaultConfig"/>.</summary>
    /// <param name="system">The actor system to use.</param>
    /// <param name="output">Where the log goes too.</param>
    public TestKit(ActorSystem? system = null, ITestOutputHelper? output = null)
        : base(Assertions, system)
    {
        Output = output!;
        InitializeLogger(Sys);
    }

    /// <summary>Makes an actor system with a configuration, which falls back to <see cref="DefaultConfig"/>.</summary>
    /// <param name="config">The configuration.</param>
    /// <param name="actorSystemName">The name of the actor system; "test" by default.</param>
    /// <param name="output">Where the log goes too.</param>
    public TestKit(Config config, string? actorSystemName = null, ITestOutputHelper? output = null)
        : base(Assertions, config, actorSystemName)
    {
        Output = output!;
        InitializeLogger(Sys);
    }

    /// <summary>Makes an actor system with a configuration in HOCON, which falls back to <see cref="DefaultConfig"/>.</summary>
    /// <param name="config">The configuration.</param>
    /// <param name="output">Where the log goes too.</param>
    public TestKit(string config, ITestOutputHelper? output = null)
        : base(Assertions, ConfigurationFactory.ParseString(config))
    {
        Output = output!;
        InitializeLogger(Sys);
    }

    /// <inheritdoc cref="TestKitBase.DefaultConfig"/>
    public static new Config DefaultConfig => TestKitBase.DefaultConfig;

    /// <inheritdoc cref="TestKitBase.FullDebugConfig"/>
    public static new Config FullDebugConfig => TestKitBase.FullDebugConfig;

    /// <summary>The assertions of xunit.</summary>
    protected static XunitAssertions Assertions { get; } = new();

    /// <summary>Called when a test ends, before its actor system stops.</summary>
    protected virtual void AfterAll()
    {
    }

    /// <summary>Makes an actor system log to <see cref="Output"/> too, where there is one.</summary>
    protected void InitializeLogger(ActorSystem system) => InitializeLogger(system, "");

    /// <summary>Makes an actor system log to <see cref="Output"/> too, each line after a prefix.</summary>
    protected void InitializeLogger(ActorSystem system, string prefix)
    {
        if (Output is null)
            return;

        var logger = ((ExtendedActorSystem)system).SystemActorOf(
            Props.Create(() => new TestOutputLogger(string.IsNullOrEmpty(prefix) ? Output : new PrefixedOutput(Output, prefix))),
            "log-test");
        logger.Ask<LoggerInitialized>(new InitializeLogger(system.EventStream), TestKitSettings.TestKitStartupTimeout)
            .ConfigureAwait(false).GetAwaiter().GetResult();
    }

    /// <summary>Ends the test: <see cref="AfterAll"/>, then the actor system.</summary>
    protected virtual void Dispose(bool disposing)
    {
        if (disposed)
            return;

        disposed = true;
        try
        {
            AfterAll();
        }
        finally
        {
            Shutdown();
            AmbientActor.Leave(TestActor);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    private sealed class PrefixedOutput(ITestOutputHelper output, string prefix) : ITestOutputHelper
    {
        public void WriteLine(string message) => output.WriteLine(prefix + message);

        public void WriteLine(string format, params object[] args) => output.WriteLine(prefix + format, args);
    }
}
