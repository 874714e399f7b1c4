using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Runtime.Versioning;
using System.Text;
using System.Text.Json;
using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Tracing;
using ActorTrain.Host.Cli;
using ActorTrain.Host.Commands;
using ActorTrain.Host.Control;
using ActorTrain.Models;
using ActorTrain.Persistence.Runs;
using Microsoft.Extensions.Logging.Abstractions;

namespace ActorTrain.Host.Tests.Control;

[SupportedOSPlatform("linux")]
public sealed class ControlTests : IDisposable
{
    private readonly TemporaryRuns runs = new();
    private readonly FakeControl control = new();

    public void Dispose() => runs.Dispose();

    [Fact]
    public void Status_has_the_state_of_the_run_and_the_tree_of_its_actors()
    {
        var run = runs.Run();
        using var server = Listen(run);
        var status = ControlClient.Ask(run, ControlApi.Status, new NoBody())!;
        (status.State, status.Step, status.Steps, status.Generation, status.JournalWaiting, status.Checkpoint)
            .ShouldBe(("running", 12, 100, 4, 1, null));
        var tree = status.Tree!;
        (tree.Name, tree.State).ShouldBe(("run", "training"));
        tree.Children.Select(static child => child.Name)
            .ShouldBe(["trainers", "checkpointer", "journal", "metrics", "reducer-2", "reducer-10"]);
        var trainers = tree.Children[0].Children;
        trainers[0].ShouldBe(new ActorNode("trainer-0", "training", 0, 3, "{0-3}", null, trainers[0].Children));
        trainers[1].ShouldBe(new ActorNode("trainer-1-2", "joining", 1, null, null, "It threw.", trainers[1].Children));
        (tree.Children[1].Restarts, tree.Children[1].LastFault, tree.Children[1].Mailbox).ShouldBe((2, "the disk is full", 1));
    }

    [Fact]
    public void Nodes_are_listed_with_their_trainers_or_refused_where_there_are_none()
    {
        var run = runs.Run();
        using var server = Listen(run);
        Should.Throw<UserErrorException>(() => ControlClient.Ask(run, ControlApi.Nodes, new NoBody())).Message.ShouldContain("--nodes N");
        control.Nodes = new NodesStatus(
            [
                new NodeStatus("node-1", NodeState.Admitted, "here", 4, "cpu", 2, [new TrainerKey(0, 1)], 12, 1, "It was killed.",
                    TimeSpan.FromSeconds(0.25)),
            ],
            1, 2, "It is another build.");
        var answer = ControlClient.Ask(run, ControlApi.Nodes, new NoBody())!;
        (answer.Waiting, answer.Refused, answer.LastRefusal).ShouldBe((1, 2, "It is another build."));
        var node = answer.Nodes.ShouldHaveSingleItem();
        (node.Name, node.State, node.Process, node.Losses, node.LastFault, node.Silence)
            .ShouldBe(("node-1", "admitted", 4, 1, "It was killed.", 0.25));
        node.Trainers.ShouldBe(["trainer-0"]);
        run.WriteConfiguration("");
        var output = new StringWriter();
        NodesCommand.Run(new NodesRequest(run.Path, Json: false), new CommandContext(output, output, false, TimeProvider.System))
            .ShouldBe(ExitCode.Success);
        output.ToString().ShouldName("node-1", "admitted", "trainer-0", "It was killed.", "1 trainer waiting", "It is another build.");
    }

    [Fact]
    public void Scale_stop_and_reload_reach_the_run()
    {
        var run = runs.Run();
        using var server = Listen(run);
        ControlClient.Ask(run, ControlApi.Scale, new ScaleBody(3)).ShouldNotBeNull();
        ControlClient.Ask(run, ControlApi.Scale, new ScaleBody(1)).ShouldNotBeNull();
        control.Scaled.ShouldBe([3, 1]);
        Should.Throw<UserErrorException>(() => ControlClient.Ask(run, ControlApi.Scale, new ScaleBody(Rollouts: 2))).Message
            .ShouldContain("samples no rollouts");
        Should.Throw<UserErrorException>(() => ControlClient.Ask(run, ControlApi.Scale, new ScaleBody()));
        Should.Throw<UserErrorException>(() => ControlClient.Ask(run, ControlApi.Scale, new ScaleBody(Rollouts: 0)));
        control.HasRollouts = true;
        ControlClient.Ask(run, ControlApi.Scale, new ScaleBody(Rollouts: 2))!.Message.ShouldContain("2 samplers");
        control.ScaledRollouts.ShouldBe([2]);
        control.Scaled.ShouldBe([3, 1]);
        ControlClient.Ask(run, ControlApi.Stop, new StopBody("maintenance")).ShouldNotBeNull();
        ControlClient.Ask(run, ControlApi.Stop, new StopBody()).ShouldNotBeNull();
        control.Stopped.ShouldBe(["maintenance", "requested through the control socket"]);
        ControlClient.Ask(run, ControlApi.Reload, new NoBody()).ShouldBe(new MessageDocument("reloaded."));
    }

    [Fact]
    public void A_trace_is_begun_and_taken_once_it_is_complete()
    {
        var run = runs.Run();
        using var server = Listen(run);
        Should.Throw<UserErrorException>(() => ControlClient.Ask(run, ControlApi.BeginTrace, new TraceBody(0)));
        ControlClient.Ask(run, ControlApi.BeginTrace, new TraceBody(3)).ShouldNotBeNull();
        control.Traces.ShouldBe([3]);
        ControlClient.Ask(run, ControlApi.TakeTrace, new NoBody())!.Trace.ShouldBeNull();
        control.Traced = new StepTrace([0, 10.5], [new HandledMessage("trainer-0", "Work", 1, 2.25)]);
        var trace = ControlClient.Ask(run, ControlApi.TakeTrace, new NoBody())!.Trace!;
        trace.Steps.ShouldBe(control.Traced.Steps);
        trace.Messages.ShouldBe(control.Traced.Messages);
    }

    [Fact]
    public void Who_traces_a_paused_run_is_told_how_to_continue_it()
    {
        var run = runs.Run();
        Directory.CreateDirectory(run.CheckpointsDirectory);
        using var server = Listen(run);
        control.Traced = new StepTrace([0, 10.5], [new HandledMessage("trainer-0", "Work", 1, 2.25)]);
        Trace().ShouldNotContain("paused");
        control.IsPaused = true;
        Trace().ShouldName("is paused", $"actortrain resume {run.Path}");

        string Trace()
        {
            using var error = new StringWriter();
            TraceCommand.Run(new TraceRequest(run.Path, 1, null), new CommandContext(TextWriter.Null, error, false, TimeProvider.System))
                .ShouldBe(ExitCode.Success);
            return error.ToString();
        }
    }

    [Fact]
    public void Interventions_reach_the_run_with_the_name_of_the_user_and_their_answer_comes_back()
    {
        var run = runs.Run();
        using var server = Listen(run);
        (ControlCall Call, OperatorCommand Command)[] requests =
        [
            (new ControlCall<RollbackBody>(ControlApi.Rollback, new RollbackBody(12, 3)), new RollBackRun(12, 3)),
            (new ControlCall<RollbackBody>(ControlApi.Rollback, new RollbackBody(0)), new RollBackRun(0, 0)),
            (new ControlCall<SkipBody>(ControlApi.Skip, new SkipBody(7)), new SkipBatches(7)),
            (new ControlCall<LearningRateBody>(ControlApi.LearningRate, new LearningRateBody(0.1)), new ScaleLearningRate(0.1)),
            (new ControlCall<ExtendBody>(ControlApi.Extend, new ExtendBody(4000)), new ExtendRun(4000)),
            (new ControlCall<TrainerBody>(ControlApi.Quarantine, new TrainerBody(2)), new QuarantineTrainer(2)),
            (new ControlCall<TrainerBody>(ControlApi.Release, new TrainerBody(2)), new ReleaseTrainer(2)),
            (new ControlCall<NoBody>(ControlApi.Pause, new NoBody()), new PauseRun()),
            (new ControlCall<NoBody>(ControlApi.Resume, new NoBody()), new ContinueRun()),
        ];
        foreach (var (call, _) in requests)
            call.Send(run).ShouldBe(new MessageDocument($"done {control.Interventions.Count}"));
        control.Interventions.ShouldBe(requests.Select(static request => (Environment.UserName, request.Command)));

        control.Answer = static _ => new OperatorAnswer(false, "The run is not paused.");
        Should.Throw<UserErrorException>(() => ControlClient.Ask(run, ControlApi.Resume, new NoBody()))
            .Message.ShouldBe("The run is not paused.");
    }

    [Fact]
    public void The_journal_names_who_asked_on_one_short_line()
    {
        RequestText.By(" ann\n\u202eof the night shift").ShouldBe("ann of the night shift");
        RequestText.By(new string('a', 1000)).Length.ShouldBe(64);
        RequestText.By(null).ShouldBe(Environment.UserName);
    }

    [Fact]
    public async Task No_text_of_a_request_moves_the_cursor_of_a_terminal()
    {
        var run = runs.Run();
        using var server = Listen(run);
        using var client = Client(run);
        const string Raw = "due\u001b[2J\r\n\u2028to\u0000\u009b \u202e\U000E0041\u007fmaintenance";
        var body = JsonSerializer.Serialize(new StopBody(Raw), ControlApi.Json.StopBody);
        (await Send(client, "POST", "/v1/stop", body)).Status.ShouldBe(200);
        (await Send(client, "POST", "/v1/pause?by=" + Uri.EscapeDataString(Raw), "")).Status.ShouldBe(200);
        (await Send(client, "POST", "/v1/stop", $"{{\"reason\":\"{new string('a', 1000)}\"}}")).Status.ShouldBe(200);
        control.Stopped[0].ShouldBe("due[2J   to maintenance");
        control.Stopped[1].Length.ShouldBe(256);
        control.Interventions.Single().By.ShouldBe("due[2J   to maintenance");

        string[] refused =
        [
            (await Send(client, "POST", "/v1/" + Uri.EscapeDataString(Raw.Replace("\0", "", StringComparison.Ordinal)), "{}")).Answer,
            (await Send(client, "POST", "/v1/stop", $"{{{JsonSerializer.Serialize(Raw)}:1}}")).Answer,
        ];
        foreach (var answer in refused)
            JsonSerializer.Deserialize(answer, ControlApi.Json.ProblemDocument)!.Detail.ShouldAllBe(static letter => !char.IsControl(letter));
    }

    [Theory]
    [InlineData("POST /v1/rollback", "hello", 400, "takes, for example, {\"to\":1200,\"skip\":200}")]
    [InlineData("POST /v1/rollback", "null", 400, "takes, for example,")]
    [InlineData("POST /v1/rollback", "{\"to\":1}{", 400, "takes, for example,")]
    [InlineData("POST /v1/rollback", "{\"skip\":3}", 400, "takes, for example,")]
    [InlineData("POST /v1/rollback", "", 400, "takes, for example,")]
    [InlineData("POST /v1/skip", "{\"batch\":3}", 400, "$.batch; POST /v1/skip")]
    [InlineData("POST /v1/learning-rate", "{\"factor\":\"x\"}", 400, "$.factor; POST /v1/learning-rate")]
    [InlineData("POST /v1/rollback", "{\"to\":-1}", 400, "to is -1")]
    [InlineData("POST /v1/rollback", "{\"to\":1,\"skip\":-1}", 400, "skip is -1")]
    [InlineData("POST /v1/rollback", "{\"to\":9223372036854775808}", 400, "$.to; POST /v1/rollback")]
    [InlineData("POST /v1/rollback", "{\"to\":1,\"to\":2}", 400, "$.to; POST /v1/rollback")]
    [InlineData("POST /v1/skip", "{\"batches\":0}", 400, "at least 1")]
    [InlineData("POST /v1/skip", "{\"batches\":9223372036854775807}", 400, "from 1 to 2147483647")]
    [InlineData("POST /v1/learning-rate", "{\"factor\":0}", 400, "above 0")]
    [InlineData("POST /v1/learning-rate", "{\"factor\":-0.5}", 400, "above 0")]
    [InlineData("POST /v1/learning-rate", "{\"factor\":1e999}", 400, "factor")]
    [InlineData("POST /v1/extend", "{\"steps\":0}", 400, "at least 1")]
    [InlineData("POST /v1/quarantine", "{\"trainer\":-1}", 400, "trainer is -1")]
    [InlineData("POST /v1/release", "{\"trainer\":65537}", 400, "from 0 to 65536")]
    [InlineData("POST /v1/scale", "{\"trainers\":0}", 400, "from 1 to 65536")]
    [InlineData("POST /v1/scale", "{\"trainers\":9}", 400, "at most 8")]
    [InlineData("POST /v1/trace", "{\"steps\":0}", 400, "from 1 to 1000")]
    [InlineData("POST /v1/trace", "{\"steps\":1001}", 400, "from 1 to 1000")]
    [InlineData("POST /v1/trace", "{\"steps\":2147483647}", 400, "from 1 to 1000")]
    [InlineData("POST /v1/stats", "{}", 404, "GET /v1/status, GET /v1/nodes, POST /v1/rollback")]
    [InlineData("POST /", "{}", 404, "GET /v1/status, GET /v1/nodes, POST /v1/rollback")]
    [InlineData("GET /v1/rollback", "", 405, "GET /v1/status, GET /v1/nodes, POST /v1/rollback")]
    public async Task A_bad_request_is_refused_in_one_sentence_and_the_next_one_on_the_connection_is_answered(string request, string body,
        int status, string part)
    {
        var run = runs.Run();
        using var server = Listen(run);
        using var client = Client(run);
        var words = request.Split(' ');
        var (code, type, answer) = await Send(client, words[0], words[1], body);
        code.ShouldBe(status, answer);
        type.ShouldBe("application/problem+json");
        var problem = JsonSerializer.Deserialize(answer, ControlApi.Json.ProblemDocument)!;
        problem.Status.ShouldBe(status);
        problem.Detail.ShouldContain(part);
        control.Scaled.ShouldBeEmpty();
        control.Interventions.ShouldBeEmpty();
        control.Traces.ShouldBeEmpty();
        (await Send(client, "POST", "/v1/reload", "")).Status.ShouldBe(200);
    }

    [Fact]
    public async Task Refusals_have_the_status_that_fits_their_cause()
    {
        var run = runs.Run();
        using var server = Listen(run, static () => throw new UserErrorException("run.yaml:4: there is no key 'x'."));
        using var client = Client(run);
        (await Send(client, "POST", "/v1/reload", "")).ShouldBe(
            (409, "application/problem+json", "{\"status\":409,\"title\":\"Conflict\",\"detail\":\"run.yaml:4: there is no key 'x'.\"}"));
        (await Send(client, "POST", "/v1/skip", "batches=3", "application/x-www-form-urlencoded")).Status.ShouldBe(415);
        (await Send(client, "POST", "/v1/stop", $"{{\"reason\":\"{new string('a', ControlApi.LongestBody)}\"}}")).Status.ShouldBe(413);

        control.IsSilent = true;
        (await Send(client, "GET", "/v1/status", "")).Status.ShouldBe(503);
        control.Answer = static _ => throw new TimeoutException();
        (await Send(client, "POST", "/v1/pause", "")).Status.ShouldBe(503);
        Should.Throw<UserErrorException>(() => ControlClient.Ask(run, ControlApi.Pause, new NoBody()))
            .Message.ShouldContain("may still apply it");
    }

    [Fact]
    public void What_is_not_HTTP_is_refused_and_others_are_still_served()
    {
        var run = runs.Run();
        using var server = Listen(run);
        using var socket = Connect(run);
        socket.Send("{\"version\":1,\"command\":\"status\"}\n\n"u8);
        ReadToEnd(socket).ShouldStartWith("HTTP/1.1 400");
        Answers(run).ShouldBeTrue();
    }

    [Theory]
    [InlineData("")]
    [InlineData("GET /v1/status HTTP/1.1\r\nHo")]
    public void A_client_that_falls_silent_is_disconnected_and_others_are_served_meanwhile(string sent)
    {
        var run = runs.Run();
        using var server = Listen(run, patience: TimeSpan.FromSeconds(1));
        using var silent = Connect(run);
        silent.Send(Encoding.ASCII.GetBytes(sent));
        Answers(run).ShouldBeTrue();
        ReadToEnd(silent).ShouldNotContain(" 200 ");
    }

    [Fact]
    public void Connections_are_bounded_and_those_that_end_make_room()
    {
        var run = runs.Run();
        using var server = Listen(run);
        var open = Enumerable.Range(0, ControlApi.MaximumConnections).Select(_ => Connect(run)).ToList();
        foreach (var socket in open)
        {
            // Answered, so it has its place.
            socket.Send("GET /v1/status HTTP/1.1\r\nHost: localhost\r\n\r\n"u8);
            socket.Receive(new byte[4096]).ShouldBeGreaterThan(0);
        }

        Should.Throw<UserErrorException>(() => ControlClient.Ask(run, ControlApi.Reload, new NoBody()))
            .Message.ShouldContain("too many connections");
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
        ControlClient.Ask(run, ControlApi.Status, new NoBody()).ShouldBeNull();
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
        ControlClient.Ask(run, ControlApi.Status, new NoBody()).ShouldBeNull();
        using var server = Listen(run);
        Answers(run).ShouldBeTrue();
    }

    [Fact]
    public void A_socket_that_cannot_be_connected_to_is_named_by_the_path_of_the_run()
    {
        var run = runs.Run();
        using var other = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        other.Bind(new UnixDomainSocketEndPoint(run.ControlSocket));
        var message = Should.Throw<UserErrorException>(() => ControlClient.Ask(run, ControlApi.Status, new NoBody())).Message;
        message.ShouldContain(run.ControlSocket);
        message.ShouldNotContain("/proc/");
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
    public void A_server_that_ends_before_it_has_begun_to_answer_leaves_nothing()
    {
        var run = runs.Run();
        Listen(run).Dispose();
        Directory.EnumerateFileSystemEntries(run.Path).ShouldBeEmpty();
    }

    [Fact]
    public void An_answer_that_hangs_does_not_keep_the_run_from_ending()
    {
        var run = runs.Run();
        var (hangs, gate) = (new ManualResetEventSlim(), new ManualResetEventSlim());
        using var server = Listen(run, Hang, TimeSpan.FromMilliseconds(1));
        using var socket = Connect(run);
        socket.Send("POST /v1/reload HTTP/1.1\r\nHost: localhost\r\n\r\n"u8);
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

    private ControlServer Listen(RunDirectory run, Func<string>? reload = null, TimeSpan? patience = null) =>
        new(run, new ControlRoutes(run, control, mostTrainers: 8, reload ?? (static () => "reloaded.")), NullLoggerFactory.Instance,
            patience);

    private static Socket Connect(RunDirectory run)
    {
        var socket = ControlSocket.Connect(run) ?? throw new InvalidOperationException("No process listens.");
        socket.ReceiveTimeout = (int)BoundedWaits.Longest.TotalMilliseconds;
        return socket;
    }

    private static string ReadToEnd(Socket socket)
    {
        var (text, buffer) = (new StringBuilder(), new byte[4096]);
        while (socket.Receive(buffer) is > 0 and var length)
            text.Append(Encoding.UTF8.GetString(buffer, 0, length));
        return text.ToString();
    }

    private static HttpClient Client(RunDirectory run) => new(new SocketsHttpHandler
    {
        ConnectCallback = (_, _) => ValueTask.FromResult<Stream>(new NetworkStream(Connect(run), ownsSocket: true)),
    });

    private static async Task<(int Status, string? Type, string Answer)> Send(
        HttpClient client, string method, string path, string body, string type = "application/json")
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), "http://localhost" + path);
        if (method != "GET")
            request.Content = new StringContent(body, new MediaTypeHeaderValue(type));

        // The server reads no body that is too long: it would close the connection while that is still being sent.
        request.Headers.ExpectContinue = body.Length > ControlApi.LongestBody;
        using var response = await client.SendAsync(request);
        return ((int)response.StatusCode, response.Content.Headers.ContentType?.MediaType, await response.Content.ReadAsStringAsync());
    }

    private static bool Answers(RunDirectory run)
    {
        try
        {
            return ControlClient.Ask(run, ControlApi.Reload, new NoBody()) is not null;
        }
        catch (UserErrorException)
        {
            return false;
        }
    }
}
