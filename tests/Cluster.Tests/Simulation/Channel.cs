namespace MiniRedis.Cluster.Tests.Simulation;

/// <summary>One connection: messages in order in both directions, each with a delay of its own.</summary>
sealed class Channel(World world, Network network, Process client, int port, IChannelOwner owner)
{
    readonly Direction _toServer = new();
    readonly Direction _toClient = new();

    public Process Client { get; } = client;

    /// <summary>At which the client asked for it.</summary>
    public int Port => port;

    /// <summary>Null until the connection is established.</summary>
    public Process? Server { get; private set; }

    /// <summary>The client has closed it, or it broke.</summary>
    public bool IsClosed { get; private set; }

    /// <summary>What the server keeps of this connection.</summary>
    public object? State { get; set; }

    bool IsServerDone { get; set; }

    public void Established(Process server)
    {
        Server = server;
        server.OnAccepted(this);
        owner.OnOpened(this);
        Resume();
    }

    /// <summary>From the client to the server. What is sent before the connection is established waits for it.</summary>
    public void Send(object message)
    {
        if (!IsClosed) Push(_toServer, message);
    }

    /// <summary>From the server to the client.</summary>
    public void Reply(object message)
    {
        if (!IsClosed && !IsServerDone) Push(_toClient, message);
    }

    void Push(Direction direction, object message)
    {
        direction.Waiting.Enqueue(message);
        Arrange(direction);
    }

    /// <summary>Each message that was sent is delivered by an event of its own, not before the one in front of it.</summary>
    void Arrange(Direction direction)
    {
        if (direction.IsArranged || direction.Waiting.Count == 0 || Server is null) return;
        if (network.IsCut(From(direction), To(direction))) return;
        direction.IsArranged = true;
        world.After(network.NextDelay(), () => Deliver(direction));
    }

    void Deliver(Direction direction)
    {
        direction.IsArranged = false;
        if (network.IsCut(From(direction), To(direction))) return;
        if (network.Resets > 0 && !IsClosed && world.Chance(network.Resets))
        {
            Break();
            return;
        }
        // What is under way together arrives together.
        while (direction.Waiting.TryDequeue(out var message))
        {
            if (direction == _toClient)
            {
                if (!IsClosed) Client.Later(0, () => Hear(message));
            }
            else if (!IsServerDone)
            {
                Server!.Later(0, () => Server.OnRequest(this, message));
            }
            else if (!IsClosed && Server!.IsRunning)
            {
                // The machine is up again and knows no such connection.
                Break();
                return;
            }
        }
        if (direction == _toServer && IsClosed) EndServer();
    }

    void Hear(object message)
    {
        if (!IsClosed) owner.OnMessage(this, message);
    }

    Process From(Direction direction) => direction == _toServer ? Client : Server!;

    Process To(Direction direction) => direction == _toServer ? Server! : Client;

    /// <summary>The path may be open again.</summary>
    public void Resume()
    {
        Arrange(_toServer);
        Arrange(_toClient);
    }

    /// <summary>The client closes: what it sent before still arrives.</summary>
    public void Close()
    {
        if (IsClosed) return;
        IsClosed = true;
        _toClient.Waiting.Clear();
        if (Server is null) network.Closed(this);
        else if (_toServer.Waiting.Count == 0) EndServer();
    }

    /// <summary>The server closes: the client hears of it.</summary>
    public void CloseByServer() => Break();

    /// <summary>Both ends are done with it, and nothing more arrives.</summary>
    public void Break()
    {
        var hears = !IsClosed && Client.IsRunning;
        IsClosed = true;
        _toServer.Waiting.Clear();
        _toClient.Waiting.Clear();
        EndServer();
        network.Closed(this);
        if (hears) Client.Later(network.NextDelay(), () => owner.OnClosed(this));
    }

    /// <summary>
    /// The server's machine is gone, and nobody is left to say so: the client finds out when it sends to its successor.
    /// </summary>
    public void LoseServer()
    {
        _toClient.Waiting.Clear();
        IsServerDone = true;
    }

    void EndServer()
    {
        network.Closed(this);
        if (IsServerDone) return;
        IsServerDone = true;
        if (Server is { IsRunning: true } server) server.OnAcceptedClosed(this);
    }

    sealed class Direction
    {
        public Queue<object> Waiting { get; } = new();

        public bool IsArranged { get; set; }
    }
}
