using System.Net.Sockets;
using System.Runtime.Versioning;
using System.Text;
using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Tracing;
using ActorTrain.Host.Control;
using ActorTrain.Models;
using ActorTrain.Persistence.Journal;
using ActorTrain.Persistence.Runs;

namespace ActorTrain.Host.Tests.Control;

[SupportedOSPlatform("linux")]
public sealed class ControlTests : IDisposable
{
    private readonly TemporaryRuns runs = new();
    private readonly FakeControl control = new();

    public void Dispose() => runs.Dispose();

    [Fact]
    public void A_run_answers_how_it_stands()
    {
        var run = runs.Run();
        using var server = Listen(run);
        var status = ControlClient.Ask(run, ControlRequest.Status)!.Status!;
        (status.State, status.Step, status.Steps, status.Generation, status.JournalWaiting, status.Checkpoint).ShouldBe(("running", 12, 100, 4, 1, null));
        var tree = status.Tree!;
        (tree.Name, tree.State).ShouldBe(("run", "training"));
        tree.Children.Select(static child => child.Name).ShouldBe(["trainers", "checkpointer", "journal", "metrics", "reducer-2", "reducer-10"]);
        var trainers = tree.Children[0].Children;
        trainers[0].ShouldBe(new ActorNode("trainer-0", "training", 0, 3, "{0-3}", null, trainers[0].Children));
        trainers[1].ShouldBe(new ActorNode("trainer-1-2", "joining", 1, null, null, "It threw.", trainers[1].Children));
        (tree.Children[1].Restarts, tree.Children[1].LastFault, tree.Children[1].Mailbox).ShouldBe((2, "the disk is full", 1));
    }

    [Fact]
    public void Scale_stop_and_reload_reach_the_run()
    {
        var run = runs.Run();
        using var server = Listen(run);
        ControlClient.Ask(run, ControlRequest.Scale(3))!.Sentence.ShouldBe("book goes on with 3 trainers; the result is the same.");
        ControlClient.Ask(run, ControlRequest.Scale(1))!.Sentence.ShouldBe("book goes on with 1 trainer; the result is the same.");
        control.Scaled.ShouldBe([3, 1]);
        ControlClient.Ask(run, ControlRequest.Stop("maintenance"))!.Ok.ShouldBeTrue();
        control.Stopped.ShouldBe(["maintenance"]);
        ControlClient.Ask(run, ControlRequest.Reload)!.Sentence.ShouldBe("reloaded.");
    }

    [Fact]
    public void A_recording_is_begun_and_taken_once_it_is_whole()
    {
        var run = runs.Run();
        using var server = Listen(run);
        Should.Throw<UserErrorException>(() => ControlClient.Ask(run, ControlRequest.BeginTrace(0)));
        ControlClient.Ask(run, ControlRequest.BeginTrace(3))!.Ok.ShouldBeTrue();
        control.Traces.ShouldBe([3]);
        ControlClient.Ask(run, ControlRequest.TakeTrace)!.Trace.ShouldBeNull();
        control.Traced = new StepTrace([0, 10.5], [new HandledMessage("trainer-0", "Work", 1, 2.25)]);
        var trace = ControlClient.Ask(run, ControlRequest.TakeTrace)!.Trace!;
        trace.Steps.ShouldBe(control.Traced.Steps);
        trace.Messages.ShouldBe(control.Traced.Messages);
    }

    [Fact]
    public void What_an_operator_wants_reaches_the_run_with_a_name_and_its_answer_comes_back()
    {
        var run = runs.Run();
        using var server = Listen(run);
        OperatorCommand[] commands =
        [
            new RollBackRun(12, 3), new RollBackRun(0, 0), new SkipBatches(7), new ScaleLearningRate(0.1), new ExtendRun(4000), new QuarantineTrainer(2), new ReleaseTrainer(2), new PauseRun(), new ContinueRun(),
        ];
        foreach (var command in commands)
            ControlClient.Ask(run, OperatorRequests.Of(command))!.Sentence.ShouldBe($"done {control.Wishes.Count}");
        control.Wishes.ShouldBe(commands.Select(static command => (Environment.UserName, command)));

        control.Answer = static _ => new OperatorAnswer(false, "The run is not paused.");
        Should.Throw<UserErrorException>(() => ControlClient.Ask(run, OperatorRequests.Of(new ContinueRun()))).Message.ShouldBe("The run is not paused.");
        control.Answer = static _ => throw new TimeoutException();
        Should.Throw<UserErrorException>(() => ControlClient.Ask(run, OperatorRequests.Of(new PauseRun()))).Message.ShouldStartWith("The run has not recorded it yet, and may still do it");
    }

    [Fact]
    public void Who_asks_is_named_on_one_short_line()
    {
        OperatorRequests.ByOf(OperatorRequests.Of(new PauseRun()) with { By = " ann\n\u202eof the night shift" }).ShouldBe("annof the night shift");
        OperatorRequests.ByOf(OperatorRequests.Of(new PauseRun()) with { By = new string('a', 1000) }).Length.ShouldBe(64);
        OperatorRequests.ByOf(OperatorRequests.Of(new PauseRun()) with { By = null }).ShouldBe(Environment.UserName);
    }

    [Theory]
    [InlineData(0, "scale needs the number of trainers, at least 1.")]
    [InlineData(9, "book has 8 lanes, so of 9 trainers some would have nothing to compute; give at most 8.")]
    public void A_number_of_trainers_that_cannot_be_is_refused(int trainers, string sentence)
    {
        var run = runs.Run();
        using var server = Listen(run);
        Should.Throw<UserErrorException>(() => ControlClient.Ask(run, ControlRequest.Scale(trainers))).Message.ShouldBe(sentence);
        control.Scaled.ShouldBeEmpty();
    }

    [Theory]
    [InlineData("hello", "This is no request")]
    [InlineData("null", "This is no request")]
    [InlineData("{}", "This is no request")]
    [InlineData("""{"version":2,"command":"status"}""", "The run speaks version 1 of this protocol, not 2")]
    [InlineData("""{"version":1,"command":"stats"}""", "There is no request \\\"stats\\\"; did you mean 'status'?")]
    [InlineData("""{"version":1,"command":"scale"}""", "scale needs the number of trainers")]
    [InlineData("""{"version":1,"command":"rollback","skip":3}""", "rollback needs \\\"to\\\".")]
    [InlineData("""{"version":1,"command":"skip"}""", "skip needs \\\"batches\\\".")]
    [InlineData("""{"version":1,"command":"lr","factor":"x"}""", "This is no request")]
    [InlineData("""{"version":1,"command":"release"}""", "release needs \\\"trainer\\\".")]
    public void A_bad_request_is_answered_and_the_next_one_too(string line, string part)
    {
        var run = runs.Run();
        using var server = Listen(run);
        using var socket = Connect(run);
        using var stream = new NetworkStream(socket);
        using var reader = new StreamReader(stream);
        stream.Write(Encoding.UTF8.GetBytes(line + "\n" + """{"version":1,"command":"reload"}""" + "\n"));
        reader.ReadLine().ShouldNotBeNull().Replace("\\u0022", "\\\"", StringComparison.Ordinal).Replace("\\u0027", "'", StringComparison.Ordinal).ShouldContain(part);
        reader.ReadLine().ShouldNotBeNull().ShouldContain("reloaded.");
    }

    [Fact]
    public void A_request_without_end_is_cut_off()
    {
        var run = runs.Run();
        using var server = Listen(run);
        using var socket = Connect(run);
        using var stream = new NetworkStream(socket);
        using var reader = new StreamReader(stream);
        stream.Write(new byte[ControlProtocol.MaximumRequest + 1]);
        reader.ReadLine().ShouldNotBeNull().ShouldContain("A request has at most 4096 bytes.");
        ControlClient.Ask(run, ControlRequest.Reload)!.Ok.ShouldBeTrue();
    }

    [Fact]
    public void Connections_are_bounded_and_those_that_end_make_room()
    {
        var run = runs.Run();
        using var server = Listen(run);
        var open = Enumerable.Range(0, ControlProtocol.MaximumConnections).Select(_ => Connect(run)).ToList();
        foreach (var socket in open)
        {
            // Answered, so it has its place.
            socket.Send(ControlProtocol.Write(ControlRequest.Reload));
            socket.Receive(new byte[4096]).ShouldBeGreaterThan(0);
        }

        Should.Throw<UserErrorException>(() => ControlClient.Ask(run, ControlRequest.Reload)).Message.ShouldContain("has 8 connections already");
        open.ForEach(static socket => socket.Dispose());
        SpinWait.SpinUntil(() => Answers(run), TimeSpan.FromSeconds(30)).ShouldBeTrue();
    }

    [Fact]
    public void The_socket_is_open_to_its_owner_alone_and_goes_with_the_run()
    {
        var run = runs.Run();
        using (Listen(run))
        {
            File.GetUnixFileMode(run.ControlSocket).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
            Directory.EnumerateFileSystemEntries(run.Path).ShouldBe([run.ControlSocket]);
        }

        Directory.EnumerateFileSystemEntries(run.Path).ShouldBeEmpty();
        ControlClient.Ask(run, ControlRequest.Status).ShouldBeNull();
    }

    [Fact]
    public void Another_user_is_told_from_the_owner()
    {
        ControlSocket.IsOwn(0u).ShouldBeTrue();
        ControlSocket.IsOwn(4_000_000_000u).ShouldBeFalse();
    }

    [Fact]
    public void A_socket_that_a_dead_process_left_is_replaced()
    {
        var run = runs.Run();
        using (var dead = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
        {
            dead.Bind(new UnixDomainSocketEndPoint(run.ControlSocket + "x"));
            File.Move(run.ControlSocket + "x", run.ControlSocket);
        }

        File.Exists(run.ControlSocket).ShouldBeTrue();
        ControlClient.Ask(run, ControlRequest.Status).ShouldBeNull();
        using var server = Listen(run);
        Answers(run).ShouldBeTrue();
    }

    [Fact]
    public void A_path_longer_than_an_address_is_no_obstacle()
    {
        var run = new RunDirectory(Path.Combine(runs.Path, new string('a', 200)), new string('b', 100));
        Directory.CreateDirectory(run.Path);
        using var server = Listen(run);
        Answers(run).ShouldBeTrue();
    }

    [Fact]
    public void A_run_that_does_not_answer_is_told()
    {
        var run = runs.Run();
        control.IsSilent = true;
        using var server = Listen(run);
        Should.Throw<UserErrorException>(() => ControlClient.Ask(run, ControlRequest.Status)).Message.ShouldContain("supervisor does not answer");
    }

    [Fact]
    public void A_run_file_that_is_wrong_is_told_and_nothing_changes()
    {
        var run = runs.Run();
        using var server = new ControlServer(run, control, 8, () => throw new UserErrorException("run.yaml:4: there is no key 'x'."), TimeProvider.System);
        Should.Throw<UserErrorException>(() => ControlClient.Ask(run, ControlRequest.Reload)).Message.ShouldBe("run.yaml:4: there is no key 'x'.");
    }

    [Fact]
    public void An_answer_that_hangs_does_not_keep_the_run_from_ending()
    {
        var run = runs.Run();
        var (hangs, gate) = (new ManualResetEventSlim(), new ManualResetEventSlim());
        using var server = new ControlServer(run, control, 8, Hang, TimeProvider.System) { EndPatience = TimeSpan.Zero };
        using var socket = Connect(run);
        socket.Send(ControlProtocol.Write(ControlRequest.Reload));
        hangs.Wait(BoundedWaits.Longest).ShouldBeTrue();
        server.Dispose();
        File.Exists(run.ControlSocket).ShouldBeFalse();
        gate.Set();

        string Hang()
        {
            hangs.Set();
            gate.Wait(BoundedWaits.Longest);
            return "";
        }
    }

    private ControlServer Listen(RunDirectory run) => new(run, control, mostTrainers: 8, static () => "reloaded.", TimeProvider.System);

    private static Socket Connect(RunDirectory run)
    {
        var socket = ControlSocket.Connect(run) ?? throw new InvalidOperationException("Nobody listens.");
        socket.ReceiveTimeout = (int)BoundedWaits.Longest.TotalMilliseconds;
        return socket;
    }

    private static bool Answers(RunDirectory run)
    {
        try
        {
            return ControlClient.Ask(run, ControlRequest.Reload)?.Ok == true;
        }
        catch (UserErrorException)
        {
            return false;
        }
    }

    private sealed class FakeControl : IRunControl
    {
        public List<int> Scaled { get; } = [];

        public List<string> Stopped { get; } = [];

        public List<(string By, OperatorCommand Command)> Wishes { get; } = [];

        public Func<OperatorCommand, OperatorAnswer>? Answer { get; set; }

        public bool IsSilent { get; set; }

        public Task<OperatorAnswer> Wish(string by, OperatorCommand command, CancellationToken cancellation)
        {
            if (Answer is not null)
                return Task.FromResult(Answer(command));
            Wishes.Add((by, command));
            return Task.FromResult(new OperatorAnswer(true, $"done {Wishes.Count}"));
        }

        public Task<RunStatus> GetStatus(CancellationToken cancellation) => IsSilent ? throw new TimeoutException() : Task.FromResult(
            new RunStatus(
                12, 100, 4, "training",
                [
                    new TrainerStatus(new TrainerKey(0, 1), TrainerStanding.Member, "{0-3}", 0, null) { Mailbox = 3 },
                    new TrainerStatus(new TrainerKey(1, 2), TrainerStanding.Joining, "", 1, "It threw."),
                ],
                1, [(new ActorId(ActorRole.Checkpointer), 2, "the disk is full")])
            {
                WantedTrainers = 2,
                Actors = [new ActorStatus("reducer-10", "", 0), new ActorStatus("reducer-2", "", 0), new ActorStatus("journal", "", 0), new ActorStatus("metrics", "", 0), new ActorStatus("checkpointer", "writing", 1)],
            });

        public StepTrace? Traced { get; set; }

        public List<int> Traces { get; } = [];

        public void BeginTrace(int steps) => Traces.Add(steps);

        public StepTrace? TakeTrace() => Traced;

        public void Scale(int trainers) => Scaled.Add(trainers);

        public void Stop(string reason) => Stopped.Add(reason);
    }
}
